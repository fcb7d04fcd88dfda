"""Conversations for the tests of what is kept, and a look at the raw files that hold them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from postgres import Server

from storage.records import ImpressionRecord, InterestChange, JsonObject, SlateDraft, new_token
from storage.store import Store


def conversation(store: Store, words: str, visitor: str | None = None) -> str:
    """A session in which every column that can repeat the visitor's words does; gives its id."""
    session_id = store.create_session(new_token(), "zh", visitor).session_id
    told: JsonObject = {"kind": "words", "text": words, "turn_id": "t"}
    store.add_user_message(session_id, f"我想要{words}", "zh")
    message = store.start_reply(
        session_id,
        lang="zh",
        intent="ask",
        understanding={"keywords": [words]},
        slate=SlateDraft((ImpressionRecord(1, "456", 1.0, {"interest": 1.0}, (told,)),), unmet=(words,)),
        interest=InterestChange({"threads": [{"label": words}]}, 0),
    )
    store.finish_reply(
        message.turn_id,
        text=f"这是{words}",
        lines={"456": f"因为{words}"},
        line_outcomes={"456": {"outcome": "plain", "violations": [[words]]}},
        timings={"encode": 8.5},
    )
    store.add_feedback(session_id, "456", "like", turn_id=message.turn_id)
    store.claim_request(session_id, f"key-{session_id}", "f" * 64, timedelta(seconds=10))
    store.answer_request(session_id, f"key-{session_id}", {"reply": {"text": words}})
    return session_id


def raw(url: str, server: Server | None = None) -> bytes:
    """All bytes of the files in which the database lies: with SQLite's log, without PostgreSQL's, which the server
    overwrites when it pleases."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))
    assert server is not None
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        number = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    engine.dispose()
    return b"".join(file.read_bytes() for file in (server.folder / "data" / "base" / str(number)).iterdir())


def found(words: str, data: bytes) -> int:
    """How often words are in raw data, as they are and as JSON may escape them."""
    escaped = words.encode("unicode_escape")
    return data.count(words.encode()) + (data.count(escaped) if escaped != words.encode() else 0)
