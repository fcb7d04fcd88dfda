"""What the operator takes out: conversations, feedback and impressions as JSON lines.

Rows are read and written in a stream, so that memory does not grow with the database. A file appears under
its name only when it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from errors import InputError
from storage.masking import masked
from storage.tables import FeedbackRow, ImpressionRow, MessageRow, SessionRow, SlateRow

_BATCH = 500
"""Rows held at a time."""


def export(db: Session, out_dir: Path, *, masking: bool = False) -> dict[str, int]:
    """Writes the three files and says how many lines each has, by file name. `masking`: see `storage.masking`."""
    streams = {
        "conversations.jsonl": _conversations(db),
        "feedback.jsonl": _feedback(db),
        "impressions.jsonl": _impressions(db),
    }
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return {
            name: _write(out_dir / name, map(masked, lines) if masking else lines) for name, lines in streams.items()
        }
    except OSError as error:
        raise InputError(
            field="out",
            zh_reason=f"写不进 {out_dir}（{error.strerror}）",
            reason=f"cannot write to {out_dir} ({error.strerror})",
        ) from error


def _conversations(db: Session) -> Iterator[dict[str, Any]]:
    """One line a session in which something was said: the session with its messages in order."""
    wanted = (
        select(SessionRow, MessageRow)
        .join(MessageRow, MessageRow.session_id == SessionRow.id)
        .order_by(SessionRow.created_at, SessionRow.id, MessageRow.id)
        .execution_options(yield_per=_BATCH)
    )
    with db.execute(wanted) as rows:
        for _, group in groupby(rows, key=lambda row: row[0].id):
            pairs = list(group)
            said = [asdict(message.record()) for _, message in pairs]
            for message in said:
                del message["session_id"]
            yield asdict(pairs[0][0].record()) | {"messages": said}


def _feedback(db: Session) -> Iterator[dict[str, Any]]:
    """One line a piece of feedback."""
    with db.scalars(select(FeedbackRow).order_by(FeedbackRow.id).execution_options(yield_per=_BATCH)) as rows:
        for row in rows:
            yield asdict(row.record())


def _impressions(db: Session) -> Iterator[dict[str, Any]]:
    """One line an item shown, with the slate, session and turn it was shown in."""
    wanted = (
        select(SlateRow.session_id, SlateRow.turn_id, SlateRow.created_at, ImpressionRow)
        .join(ImpressionRow, ImpressionRow.slate_id == SlateRow.slate_id)
        .order_by(SlateRow.id, ImpressionRow.rank)
        .execution_options(yield_per=_BATCH)
    )
    with db.execute(wanted) as rows:
        for session_id, turn_id, created_at, shown in rows:
            where = {
                "slate_id": shown.slate_id,
                "session_id": session_id,
                "turn_id": turn_id,
                "created_at": created_at,
            }
            yield where | asdict(shown.record())


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> int:
    unfinished = path.with_name(path.name + ".part")
    count = 0
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False, default=datetime.isoformat) + "\n")
                count += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count
