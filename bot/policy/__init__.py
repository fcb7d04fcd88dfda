"""What a turn does: recommend, ask, answer, compare, admit, chat; and the plain words for it."""
