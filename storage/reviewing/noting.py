"""Keeps the index of conversations up to date, in the transaction of what is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.columns import cipher_of
from storage.records import SlateDraft
from storage.reviewing import terms
from storage.reviewing.tables import ConversationRow, MomentRow, PostingRow
from storage.tables import FeedbackRow, ItemRow, SessionRow, insert_rows

ACTS = ("like", "dislike", "hide", "click", "browse", "purchase", "rating")


def heard(db: Session, session_id: str, text: str, at: datetime) -> None:
    """A message of the visitor's; the first one begins the conversation."""
    number = number_of(db, session_id)
    if number is None:
        number = _begin(db, session_id, at)
    counted = {"turns": ConversationRow.turns + 1, "last_at": at}
    db.execute(update(ConversationRow).where(ConversationRow.number == number).values(counted))
    post(db, number, terms.words(text))


def decided(
    db: Session, session_id: str, turn_id: str, intent: str, slate: SlateDraft | None, interest: Mapping[str, Any]
) -> None:
    """A reply as it begins: what was made of the message, what is shown, how the interest stands now."""
    if interest:
        insert_rows(db, MomentRow(turn_id=turn_id, interest=dict(interest)))
    if (number := number_of(db, session_id)) is None:
        return
    shown = [one.item_id for one in slate.impressions] if slate else []
    domains = db.scalars(select(ItemRow.domain).where(ItemRow.id.in_(shown)).distinct()).all() if shown else []
    post(db, number, terms.decided(intent, slate.unmet if slate else (), domains))


def worded(db: Session, session_id: str, found: Iterable[str], slowest_ms: float) -> None:
    """A reply as it ends. `found`: its terms, see `terms.worded`."""
    if (number := number_of(db, session_id)) is None:
        return
    longer = case((ConversationRow.slowest_ms < slowest_ms, slowest_ms), else_=ConversationRow.slowest_ms)
    db.execute(update(ConversationRow).where(ConversationRow.number == number).values(slowest_ms=longer))
    post(db, number, found)


def felt(db: Session, session_id: str) -> None:
    """Feedback was given or taken back: the marks are those of what stands."""
    if (number := number_of(db, session_id)) is not None:
        take_off(db, number, [f"feedback:{kind}" for kind in ACTS])
        post(db, number, _standing(db, session_id))


def number_of(db: Session, session_id: str) -> int | None:
    """The conversation's number; None before anything was said."""
    return db.scalar(select(ConversationRow.number).where(ConversationRow.session_id == session_id))


def post(db: Session, number: int, found: Iterable[str]) -> None:
    """Adds terms to a conversation; those that it has stay. Where texts are encrypted, words are no terms."""
    if cipher_of(db.get_bind().dialect).current:
        found = [term for term in found if not term.startswith(terms.WORD)]
    rows = [{"term": term, "number": number} for term in sorted(set(found))]
    if rows:
        dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
        db.execute(dialect.insert(PostingRow).on_conflict_do_nothing(), rows)


def take_off(db: Session, number: int, found: Sequence[str]) -> None:
    """Takes terms off a conversation."""
    db.execute(delete(PostingRow).where(PostingRow.number == number, PostingRow.term.in_(found)))


def forget_words(db: Session) -> None:
    """Takes all words out of the index: texts are encrypted from here on."""
    db.execute(delete(PostingRow).where(PostingRow.term >= terms.WORD, PostingRow.term < terms.AFTER_WORDS))


def _begin(db: Session, session_id: str, at: datetime) -> int:
    row = ConversationRow(session_id=session_id, started_at=at, last_at=at, turns=0, slowest_ms=0.0)
    db.add(row)
    db.flush()
    session = db.execute(select(SessionRow.lang, SessionRow.site).where(SessionRow.id == session_id)).one()
    marks = {f"lang:{session.lang}", f"site:{session.site}", "state:open"}
    post(db, row.number, marks | _standing(db, session_id))
    return row.number


def _standing(db: Session, session_id: str) -> set[str]:
    kinds = select(FeedbackRow.kind).where(FeedbackRow.session_id == session_id, FeedbackRow.undone.is_(False))
    return {f"feedback:{kind}" for kind in db.scalars(kinds.distinct())}
