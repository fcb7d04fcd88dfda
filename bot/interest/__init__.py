"""The live interest of a session: threads of wishes, refusals, limits and what was liked, as data."""
