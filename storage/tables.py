"""The tables. Rows stay inside this package: `record()` gives the plain value that goes out.

Whatever belongs to a session is removed with it by the database itself (ON DELETE CASCADE). Feedback and
impressions name items without a foreign key, so that they outlive a catalogue. Conversation tables have an
integer key of their own, which gives the order in which things came, whatever the clock did. What repeats a
visitor's words is in sealed columns, which are encrypted where the operator set a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, MetaData, String, Text, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from storage.columns import SealedJson, SealedText, UtcDateTime
from storage.records import (
    FeedbackRecord,
    ImpressionRecord,
    InterestRecord,
    MessageRecord,
    RequestRecord,
    Role,
    SessionRecord,
    SlateRecord,
)


class Table(DeclarativeBase):
    """Base of the tables. Constraints have fixed names, so that migrations can name them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


def insert_rows(db: Session, *rows: Table) -> None:
    """Inserts rows of one table now: quicker than the unit of work, and in the order foreign keys need."""
    if not rows:
        return
    kind = type(rows[0])
    names = [column.key for column in kind.__table__.columns if column.key in vars(rows[0])]
    db.connection().execute(insert(kind), [{name: getattr(row, name) for name in names} for row in rows])


def _session_key(*, primary_key: bool = False) -> Mapped[str]:
    return mapped_column(
        String(64),
        ForeignKey("sessions.id", ondelete="CASCADE"),
        primary_key=primary_key,
        index=not primary_key,
    )


class ItemRow(Table):
    """An item of the catalogue; its id is the catalogue's own."""

    __tablename__ = "items"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    checksum: Mapped[str] = mapped_column(String(64))
    domain: Mapped[str]
    available: Mapped[bool]
    data: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]


class SessionRow(Table):
    """A conversation. The token itself is nowhere, only its SHA-256."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "visitor", "last_at"), Index(None, "last_at"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    lang: Mapped[str] = mapped_column(String(16))
    visitor: Mapped[str | None]
    domains: Mapped[list[Any]]
    context: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_at: Mapped[datetime]
    site: Mapped[str] = mapped_column(String(64), server_default="")
    tags: Mapped[list[Any]] = mapped_column(JSON, server_default="[]")

    def record(self) -> SessionRecord:
        """The session as a plain value, without the hash."""
        return SessionRecord(
            session_id=self.id,
            lang=self.lang,
            visitor=self.visitor,
            domains=tuple(self.domains),
            context=self.context,
            created_at=self.created_at,
            last_at=self.last_at,
            site=self.site,
            tags=tuple(self.tags),
        )


class RequestRow(Table):
    """A call with an idempotency key: what it asked (a hash) and what it was answered."""

    __tablename__ = "requests"

    session_id: Mapped[str] = mapped_column(String(64), ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(SealedText("requests.fingerprint"))
    answer: Mapped[dict[str, Any] | None] = mapped_column(SealedJson("requests.answer"))
    created_at: Mapped[datetime]

    def record(self) -> RequestRecord:
        """The call as a plain value."""
        return RequestRecord(self.key, self.fingerprint, self.answer, self.created_at)


class MessageRow(Table):
    """What the visitor or the bot said."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[str] = _session_key()
    role: Mapped[Role] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(SealedText("messages.text"))
    lang: Mapped[str] = mapped_column(String(16))
    intent: Mapped[str | None] = mapped_column(String(32))
    understanding: Mapped[dict[str, Any]] = mapped_column(SealedJson("messages.understanding"))
    lines: Mapped[dict[str, Any]] = mapped_column(SealedJson("messages.lines"))
    line_outcomes: Mapped[dict[str, Any]] = mapped_column(SealedJson("messages.line_outcomes"))
    timings: Mapped[dict[str, Any]]
    complete: Mapped[bool]
    created_at: Mapped[datetime]

    def record(self) -> MessageRecord:
        """The message as a plain value."""
        return MessageRecord(
            turn_id=self.turn_id,
            session_id=self.session_id,
            role=self.role,
            text=self.text,
            lang=self.lang,
            intent=self.intent,
            understanding=self.understanding,
            lines=self.lines,
            line_outcomes={part: _as_object(told) for part, told in self.line_outcomes.items()},
            timings=self.timings,
            complete=self.complete,
            created_at=self.created_at,
        )


def _as_object(told: Any) -> Mapping[str, Any]:
    """How a line came about; rows of earlier versions have the bare outcome."""
    return {"outcome": told} if isinstance(told, str) else told


class SlateRow(Table):
    """A slate that was shown; `turn_id` names the bot's message it came with."""

    __tablename__ = "slates"

    id: Mapped[int] = mapped_column(primary_key=True)
    slate_id: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[str] = _session_key()
    turn_id: Mapped[str | None] = mapped_column(String(64))
    unmet: Mapped[list[Any]] = mapped_column(SealedJson("slates.unmet"))
    created_at: Mapped[datetime]

    def record(self, impressions: tuple[ImpressionRecord, ...]) -> SlateRecord:
        """The slate with its impressions as a plain value."""
        return SlateRecord(
            self.slate_id, self.session_id, self.turn_id, tuple(self.unmet), impressions, self.created_at
        )


class ImpressionRow(Table):
    """One item of a slate: the impression log."""

    __tablename__ = "impressions"

    slate_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("slates.slate_id", ondelete="CASCADE"), primary_key=True
    )
    rank: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(String(128), index=True)
    score: Mapped[float]
    parts: Mapped[dict[str, Any]]
    because: Mapped[list[Any]] = mapped_column(SealedJson("impressions.because"))
    seen_at: Mapped[datetime | None]

    def record(self) -> ImpressionRecord:
        """The impression as a plain value."""
        return ImpressionRecord(self.rank, self.item_id, self.score, self.parts, tuple(self.because), self.seen_at)


class FeedbackRow(Table):
    """What a visitor said of an item."""

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "item_id", "kind", "undone"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[str] = _session_key()
    item_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[float | None]
    turn_id: Mapped[str | None] = mapped_column(String(64))
    undone: Mapped[bool]
    created_at: Mapped[datetime]

    def record(self) -> FeedbackRecord:
        """The feedback as a plain value."""
        return FeedbackRecord(
            feedback_id=self.feedback_id,
            session_id=self.session_id,
            item_id=self.item_id,
            kind=self.kind,
            value=self.value,
            turn_id=self.turn_id,
            undone=self.undone,
            created_at=self.created_at,
        )


class InterestRow(Table):
    """The interest state of a session; made with the session, so it is always there."""

    __tablename__ = "interests"

    session_id: Mapped[str] = _session_key(primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(SealedJson("interests.state"))
    version: Mapped[int]
    updated_at: Mapped[datetime]

    def record(self) -> InterestRecord:
        """The interest state as a plain value."""
        return InterestRecord(self.session_id, self.state, self.version, self.updated_at)


class EncryptionKeyRow(Table):
    """A key that something here was sealed with: its id only, so that a missing key is known at the start."""

    __tablename__ = "encryption_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    created_at: Mapped[datetime]
