"""What a visitor may ask about their own data: to have it, and to have it gone."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from storage import conversation, feedback, requests, sessions
from storage.tables import SessionRow


def export_session(db: Session, session_id: str) -> dict[str, Any]:
    """All that is held on a session, as JSON values."""
    held = {
        "session": asdict(sessions.get(db, session_id).record()),
        "messages": [asdict(message) for message in conversation.messages(db, session_id)],
        "slates": [asdict(slate) for slate in conversation.slates(db, session_id)],
        "feedback": [asdict(said) for said in feedback.of_session(db, session_id)],
        "requests": [asdict(request) for request in requests.of_session(db, session_id)],
        "interest": asdict(sessions.interest(db, session_id)),
    }
    plain: dict[str, Any] = json.loads(json.dumps(held, default=datetime.isoformat))
    return plain


def delete_session(db: Session, session_id: str) -> None:
    """Removes a session; the database removes all that hangs on it."""
    sessions.get(db, session_id)
    db.execute(delete(SessionRow).where(SessionRow.id == session_id))
