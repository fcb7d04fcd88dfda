"""What was shown and what came of it: the queries that ranking learns from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.records import ImpressionRecord
from storage.tables import FeedbackRow, ImpressionRow, SessionRow, SlateRow

_BATCH = 500
"""Rows held at a time."""


@dataclass(frozen=True)
class Act:
    """Something done with an item, or said of it. `who`: the visitor, or the session where there is none."""

    who: str
    item_id: str
    kind: str
    value: float | None


@dataclass(frozen=True)
class JudgedSlate:
    """A slate with at least one act on an item of it, in its session."""

    who: str
    impressions: tuple[ImpressionRecord, ...]
    acts: tuple[Act, ...]


def acts(db: Session) -> list[Act]:
    """All acts that stand, in order."""
    who = func.coalesce(SessionRow.visitor, SessionRow.id)
    rows = db.execute(
        select(who, FeedbackRow.item_id, FeedbackRow.kind, FeedbackRow.value)
        .join(SessionRow, SessionRow.id == FeedbackRow.session_id)
        .where(FeedbackRow.undone.is_(False))
        .order_by(FeedbackRow.id)
    )
    return [Act(*row) for row in rows]


def judged_slates(db: Session) -> Iterator[JudgedSlate]:
    """The slates of sessions with feedback. An act belongs to the first slate of its session that shows the item."""
    of_session: defaultdict[str, defaultdict[str, list[tuple[str, float | None]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for session_id, item_id, kind, value in db.execute(
        select(FeedbackRow.session_id, FeedbackRow.item_id, FeedbackRow.kind, FeedbackRow.value)
        .where(FeedbackRow.undone.is_(False))
        .order_by(FeedbackRow.id)
    ):
        of_session[session_id][item_id].append((kind, value))
    rows = db.execute(
        select(SlateRow.slate_id, SlateRow.session_id, SessionRow.visitor, ImpressionRow)
        .join(ImpressionRow, ImpressionRow.slate_id == SlateRow.slate_id)
        .join(SessionRow, SessionRow.id == SlateRow.session_id)
        .order_by(SlateRow.id, ImpressionRow.rank)
        .execution_options(yield_per=_BATCH)
    )
    slate: list[ImpressionRecord] = []
    at: tuple[str, str, str] | None = None
    for slate_id, session_id, visitor, shown in rows:
        here = (slate_id, session_id, visitor or session_id)
        if at is not None and here != at:
            yield from _judged(at, slate, of_session)
            slate = []
        at = here
        slate.append(shown.record())
    if at is not None:
        yield from _judged(at, slate, of_session)


def _judged(
    at: tuple[str, str, str],
    slate: list[ImpressionRecord],
    of_session: defaultdict[str, defaultdict[str, list[tuple[str, float | None]]]],
) -> Iterator[JudgedSlate]:
    _, session_id, who = at
    if session_id not in of_session:
        return
    open_ = of_session[session_id]
    found = [Act(who, one.item_id, kind, value) for one in slate for kind, value in open_.pop(one.item_id, ())]
    if found:
        yield JudgedSlate(who, tuple(slate), tuple(found))
