"""A client for the HTTP interface: `Zhiyin` and `AsyncZhiyin`. Importing it loads neither models nor the app."""

from bot.client.calls import Card, Conversation, Delta, Problem, Reply, Slate
from bot.client.client import AsyncSession, AsyncZhiyin, Session, Zhiyin

__all__ = [
    "AsyncSession",
    "AsyncZhiyin",
    "Card",
    "Conversation",
    "Delta",
    "Problem",
    "Reply",
    "Session",
    "Slate",
    "Zhiyin",
]
