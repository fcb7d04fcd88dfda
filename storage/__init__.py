"""What is kept: items, sessions, messages, slates, feedback and interest states, in SQL."""
