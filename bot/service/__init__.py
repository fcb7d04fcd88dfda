"""Running it for real: logs, figures and spans of what happens."""
