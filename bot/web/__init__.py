"""The outside face: the HTTP interface and the chat page."""
