"""The conversation: hearing a turn, moving the interest, choosing a slate, phrasing it."""
