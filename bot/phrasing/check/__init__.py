"""The parts of the check, one concern a file; `bot.phrasing.grounding` puts them together."""
