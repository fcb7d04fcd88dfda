"""Queries on calls that may come twice: each is done once, and answered the same every time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from errors import Conflict
from storage import sessions
from storage.records import JsonObject, RequestRecord, utc_now
from storage.tables import RequestRow, insert_rows

KEPT = timedelta(hours=24)
"""How long a call is known again."""


def claim(db: Session, session_id: str, key: str, fingerprint: str, lease: timedelta) -> RequestRecord | None:
    """Takes the key, or gives the call that has it already.

    A call that has had no answer at all for longer than `lease` has died; its key is taken over.
    """
    sessions.get(db, session_id)
    now = utc_now()
    db.execute(delete(RequestRow).where(RequestRow.session_id == session_id, RequestRow.created_at < now - KEPT))
    mine = (RequestRow.session_id == session_id, RequestRow.key == key)
    died = (RequestRow.answer.is_(None), RequestRow.created_at < now - lease)
    db.execute(delete(RequestRow).where(*mine, *died))
    found = db.scalars(select(RequestRow).where(*mine)).first()
    if found is None:
        try:
            with db.begin_nested():
                insert_rows(
                    db,
                    RequestRow(session_id=session_id, key=key, fingerprint=fingerprint, answer=None, created_at=now),
                )
            return None
        except IntegrityError:  # another replica was quicker, between the look and the insert
            found = db.scalars(select(RequestRow).where(*mine)).one()
    return found.record()


def answer(db: Session, session_id: str, key: str, said: JsonObject) -> None:
    """Keeps the answer, as far as there is one; nothing where the session was deleted meanwhile."""
    mine = (RequestRow.session_id == session_id, RequestRow.key == key)
    sessions.changed(db, update(RequestRow).where(*mine).values(answer=dict(said)))


def answer_first(db: Session, session_id: str, key: str, said: JsonObject) -> None:
    """Keeps the answer in the transaction in which the thing is done. Raises Conflict where there is one already."""
    mine = (RequestRow.session_id == session_id, RequestRow.key == key, RequestRow.answer.is_(None))
    if not sessions.changed(db, update(RequestRow).where(*mine).values(answer=dict(said))):
        raise Conflict(zh_reason="这个请求已经处理过了", reason="this request was answered already")


def release(db: Session, session_id: str, key: str) -> None:
    """Gives the key back where nothing was done for it."""
    mine = (RequestRow.session_id == session_id, RequestRow.key == key, RequestRow.answer.is_(None))
    db.execute(delete(RequestRow).where(*mine))


def of_session(db: Session, session_id: str) -> list[RequestRecord]:
    """The session's calls that are still known, in order."""
    rows = db.scalars(
        select(RequestRow).where(RequestRow.session_id == session_id).order_by(RequestRow.created_at, RequestRow.key)
    )
    return [row.record() for row in rows]
