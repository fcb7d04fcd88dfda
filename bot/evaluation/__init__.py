"""How good the picks are: recorded dialogues, the methods that rank for them, and what is measured of the ranks."""
