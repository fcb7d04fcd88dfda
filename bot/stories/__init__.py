"""Stories: conversations written down with what must be seen at each turn, and the player that tries them."""
