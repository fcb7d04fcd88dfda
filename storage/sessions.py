"""Queries on sessions and the interest state that each of them has."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Update, exists, or_, select, update
from sqlalchemy.orm import Session

from errors import Conflict, NotFound, SessionExpired, Unauthorized
from storage.records import InterestChange, InterestRecord, JsonObject, SessionRecord, new_id, utc_now
from storage.tables import FeedbackRow, InterestRow, MessageRow, SessionRow, insert_rows


def create(
    db: Session,
    token: str,
    lang: str,
    visitor: str | None,
    domains: Sequence[str],
    context: JsonObject,
    site: str = "",
    tags: Sequence[str] = (),
) -> SessionRecord:
    """A new session and its empty interest."""
    now = utc_now()
    row = SessionRow(
        id=new_id(),
        token_hash=_hash(token),
        lang=lang,
        visitor=visitor,
        domains=list(domains),
        context=dict(context),
        created_at=now,
        last_at=now,
        site=site,
        tags=list(tags),
    )
    insert_rows(db, row)
    insert_rows(db, InterestRow(session_id=row.id, state={}, version=0, updated_at=now))
    return row.record()


def get(db: Session, session_id: str) -> SessionRow:
    """The session's row, or NotFound."""
    row = db.get(SessionRow, session_id)
    if row is None:
        raise NotFound(what="session", id=session_id)
    return row


def authorize(db: Session, session_id: str, token: str, life: timedelta) -> SessionRecord:
    """The session, if the token is its own; the time taken does not tell how much of it was right.

    A session that was not used for `life` is no longer opened.
    """
    row = get(db, session_id)
    if not hmac.compare_digest(row.token_hash, _hash(token)):
        raise Unauthorized()
    if row.last_at < utc_now() - life:
        raise SessionExpired()
    return row.record()


def set_context(db: Session, session_id: str, context: JsonObject) -> None:
    """What the site says of the page that the visitor is on."""
    if not changed(db, update(SessionRow).where(SessionRow.id == session_id).values(context=dict(context))):
        raise NotFound(what="session", id=session_id)


def touch(db: Session, session_id: str) -> None:
    """Notes that the session was used now; NotFound if there is none."""
    statement = update(SessionRow).where(SessionRow.id == session_id).values(last_at=utc_now())
    if not changed(db, statement):
        raise NotFound(what="session", id=session_id)


def interest(db: Session, session_id: str) -> InterestRecord:
    """The session's interest state."""
    row = db.get(InterestRow, session_id)
    if row is None:
        raise NotFound(what="session", id=session_id)
    return row.record()


def visitor_history(db: Session, visitor: str, limit: int, site: str = "") -> list[InterestRecord]:
    """The interest states of a site's visitor's sessions in which anything was said or done, the last used first."""
    spoke = exists().where(MessageRow.session_id == SessionRow.id)
    acted = exists().where(FeedbackRow.session_id == SessionRow.id)
    rows = db.scalars(
        select(InterestRow)
        .join(SessionRow, SessionRow.id == InterestRow.session_id)
        .where(SessionRow.visitor == visitor, SessionRow.site == site, or_(spoke, acted))
        .order_by(SessionRow.last_at.desc(), SessionRow.id)
        .limit(limit)
    )
    return [row.record() for row in rows]


def change_interest(db: Session, session_id: str, change: InterestChange) -> InterestRecord:
    """Writes a new state if the one it was made from still stands; else Conflict."""
    now = utc_now()
    version = change.expected_version + 1
    statement = (
        update(InterestRow)
        .where(InterestRow.session_id == session_id, InterestRow.version == change.expected_version)
        .values(state=dict(change.state), version=version, updated_at=now)
    )
    if not changed(db, statement):
        get(db, session_id)
        raise Conflict(
            zh_reason="这次会话刚在别处有了变化，请再试一次",
            reason="this conversation has just changed elsewhere; please try again",
        )
    return InterestRecord(session_id, change.state, version, now)


def changed(db: Session, statement: Update) -> bool:
    """Runs an UPDATE and says whether there was anything to update."""
    return db.connection().execute(statement).rowcount > 0


def _hash(token: str) -> str:
    """SHA-256 in hex; enough without salt or stretching, since tokens are random and long."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
