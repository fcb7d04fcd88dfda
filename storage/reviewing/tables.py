"""The tables of reviewing. All that is about a conversation goes with it; what reviewers did stays in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import SealedJson, SealedText
from storage.tables import Table


class ConversationRow(Table):
    """A session in which something was said. `number` grows with the time of its first message."""

    __tablename__ = "conversations"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    number: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), ForeignKey("sessions.id", ondelete="CASCADE"), unique=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    last_at: Mapped[datetime]
    turns: Mapped[int]
    slowest_ms: Mapped[float]


def _number(*, primary_key: bool = False) -> Mapped[int]:
    key = ForeignKey("conversations.number", ondelete="CASCADE")
    return mapped_column(key, primary_key=primary_key, index=not primary_key)


def _turn(*, primary_key: bool = True) -> Mapped[str]:
    return mapped_column(String(64), ForeignKey("messages.turn_id", ondelete="CASCADE"), primary_key=primary_key)


class PostingRow(Table):
    """A term of the inverted index and a conversation that has it."""

    __tablename__ = "postings"
    __table_args__ = (Index(None, "number", "term"), {"sqlite_with_rowid": False})

    term: Mapped[str] = mapped_column(String(160), primary_key=True)
    number: Mapped[int] = mapped_column(
        ForeignKey("conversations.number", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class MomentRow(Table):
    """How the interest stood after a turn, as a person reads it (no vectors)."""

    __tablename__ = "moments"

    turn_id: Mapped[str] = _turn()
    interest: Mapped[dict[str, Any]] = mapped_column(SealedJson("moments.interest"))


class TagRow(Table):
    """A reviewer's tag on a conversation."""

    __tablename__ = "review_tags"

    number: Mapped[int] = _number(primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class NoteRow(Table):
    """A reviewer's note, on a conversation or on one of its turns (`turn_id`)."""

    __tablename__ = "review_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = _number()
    turn_id: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(SealedText("review_notes.text"))
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class VerdictRow(Table):
    """What a reviewer thinks of a reply, or of the whole conversation (`turn_id` empty)."""

    __tablename__ = "review_verdicts"

    number: Mapped[int] = _number(primary_key=True)
    turn_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    reviewer: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]


class CorrectionRow(Table):
    """A line as it should have been. `example`: what it is to be learnt from, as `zhiyin train` reads it."""

    __tablename__ = "review_corrections"

    turn_id: Mapped[str] = _turn()
    part: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int] = _number()
    line: Mapped[str] = mapped_column(SealedText("review_corrections.line"))
    example: Mapped[dict[str, Any]] = mapped_column(SealedJson("review_corrections.example"))
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class RightItemRow(Table):
    """An item that a turn should have brought."""

    __tablename__ = "review_right_items"

    turn_id: Mapped[str] = _turn()
    item_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int] = _number()
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class HiddenItemRow(Table):
    """An item that is kept out of recommendation, whatever the catalogue says."""

    __tablename__ = "hidden_items"

    item_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class SavedFilterRow(Table):
    """A filter with a name: the query part of the list's address."""

    __tablename__ = "saved_filters"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    query: Mapped[str] = mapped_column(SealedText("saved_filters.query"))
    reviewer: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class AuditRow(Table):
    """What a reviewer did. Names conversations and items by number and id, and quotes nobody."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    reviewer: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(32))
    what: Mapped[str] = mapped_column(String(160))


class ReviewKeyRow(Table):
    """The key that signs reviewers' cookies, shared by all replicas."""

    __tablename__ = "review_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64))
