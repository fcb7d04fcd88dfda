"""What operators see and keep of conversations: found, replayed, judged, corrected, counted."""
