"""What a visitor may ask about their own data: to have it, and to have it gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.orm import Session

from storage import conversation, feedback, requests, sessions
from storage.tables import SessionRow
from storage.tables import Table as Tables

TOLD = frozenset({"sessions", "messages", "slates", "impressions", "feedback", "requests", "interests"})
"""Tables that an export tells of in words of its own."""
WITHHELD = frozenset({"reviewer"})
"""Columns about other people than the visitor."""


def export_session(db: Session, session_id: str) -> dict[str, Any]:
    """All that is held on a session, as JSON values; `more` has the rows of whatever else hangs on it, by table."""
    held = {
        "session": asdict(sessions.get(db, session_id).record()),
        "messages": [asdict(message) for message in conversation.messages(db, session_id)],
        "slates": [asdict(slate) for slate in conversation.slates(db, session_id)],
        "feedback": [asdict(said) for said in feedback.of_session(db, session_id)],
        "requests": [asdict(request) for request in requests.of_session(db, session_id)],
        "interest": asdict(sessions.interest(db, session_id)),
        "more": {table.name: rows for table, rows in _more(db, session_id) if rows},
    }
    plain: dict[str, Any] = json.loads(json.dumps(held, default=datetime.isoformat))
    return plain


def delete_session(db: Session, session_id: str) -> None:
    """Removes a session; the database removes all that hangs on it."""
    sessions.get(db, session_id)
    db.execute(delete(SessionRow).where(SessionRow.id == session_id))


def visitor_sessions(db: Session, visitor: str, site: str | None) -> list[str]:
    """The ids of a visitor's sessions, on one site or on all of them."""
    mine = select(SessionRow.id).where(SessionRow.visitor == visitor).order_by(SessionRow.created_at, SessionRow.id)
    return list(db.scalars(mine if site is None else mine.where(SessionRow.site == site)))


def forget_visitor(db: Session, visitor: str, site: str | None) -> int:
    """Removes all sessions of a visitor, and says how many there were."""
    mine = delete(SessionRow).where(SessionRow.visitor == visitor)
    return len(
        db.scalars((mine if site is None else mine.where(SessionRow.site == site)).returning(SessionRow.id)).all()
    )


def tied(session_id: str) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Every table whose rows hang on a session, near or far, with the condition that finds this one's."""
    found: dict[str, tuple[Table, ColumnElement[bool]]] = {}
    for table in Tables.metadata.sorted_tables:
        if table.name == "sessions":
            found[table.name] = (table, table.c.id == session_id)
            continue
        for key in table.foreign_keys:
            if key.column.table.name in found:
                parent, mine = found[key.column.table.name]
                found[table.name] = (table, key.parent.in_(select(parent.c[key.column.name]).where(mine)))
                break
    yield from found.values()


def _more(db: Session, session_id: str) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    for table, mine in tied(session_id):
        if table.name not in TOLD:
            told = [column for column in table.columns if column.name not in WITHHELD]
            rows = db.execute(select(*told).where(mine).order_by(*table.primary_key.columns))
            yield table, [dict(row._mapping) for row in rows]
