"""Queries on what visitors say of items."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from errors import NotFound
from storage import sessions
from storage.records import FeedbackRecord, InterestChange, new_id, utc_now
from storage.reviewing import noting
from storage.tables import FeedbackRow, SessionRow, insert_rows

VERDICTS = ("like", "dislike", "hide", "rating")
"""What a visitor says of an item; the other kinds are what a visitor does with it."""


def add(
    db: Session,
    session_id: str,
    item_id: str,
    kind: str,
    value: float | None,
    turn_id: str | None,
    interest: InterestChange | None,
) -> FeedbackRecord:
    """Feedback and the interest it leads to."""
    sessions.touch(db, session_id)
    if interest is not None:
        sessions.change_interest(db, session_id, interest)
    row = FeedbackRow(
        feedback_id=new_id(),
        session_id=session_id,
        item_id=item_id,
        kind=kind,
        value=value,
        turn_id=turn_id,
        undone=False,
        created_at=utc_now(),
    )
    insert_rows(db, row)
    noting.felt(db, session_id)
    return row.record()


def undo(db: Session, session_id: str, item_id: str, interest: InterestChange | None) -> FeedbackRecord:
    """The last verdict on the item that still stands, else the last act, now undone; and the interest that leads to."""
    sessions.touch(db, session_id)
    if interest is not None:
        sessions.change_interest(db, session_id, interest)
    row = db.scalars(
        select(FeedbackRow)
        .where(
            FeedbackRow.session_id == session_id,
            FeedbackRow.item_id == item_id,
            FeedbackRow.undone.is_(False),
        )
        .order_by(FeedbackRow.kind.in_(VERDICTS).desc(), FeedbackRow.id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound(what="feedback on item", id=item_id)
    row.undone = True
    db.flush()
    noting.felt(db, session_id)
    return row.record()


def of_session(db: Session, session_id: str) -> list[FeedbackRecord]:
    """The session's feedback in order."""
    rows = db.scalars(select(FeedbackRow).where(FeedbackRow.session_id == session_id).order_by(FeedbackRow.id))
    return [row.record() for row in rows]


def counts(db: Session, floor: int = 1) -> dict[str, dict[str, int]]:
    """Item id → kind → how many visitors, for items of which at least `floor` different visitors said anything.

    A visitor without an id counts once a session.
    """
    who = func.coalesce(SessionRow.visitor, SessionRow.id)
    stands = (
        select(FeedbackRow.item_id, FeedbackRow.kind, who.label("who"))
        .join(SessionRow, SessionRow.id == FeedbackRow.session_id)
        .where(FeedbackRow.undone.is_(False))
        .distinct()
        .subquery()
    )
    enough = select(stands.c.item_id).group_by(stands.c.item_id).having(func.count(stands.c.who.distinct()) >= floor)
    wanted = select(stands.c.item_id, stands.c.kind, func.count()).group_by(stands.c.item_id, stands.c.kind)
    rows = db.execute(wanted.where(stands.c.item_id.in_(enough)) if floor > 1 else wanted)
    counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for item_id, kind, count in rows:
        counted[item_id][kind] = count
    return dict(counted)
