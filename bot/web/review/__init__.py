"""The review console at `/review`: what was said, what was shown, why, and what came of it.

Its pages are drawn on the server rather than with Gradio, which carries the chat: a list needs its filters in the
address, every page must work by keyboard, and nothing here streams. So they need no inline scripts, and work without
any script at all.
"""
