"""What is filtered, as files: JSON lines, a table, chats for a labelling tool, sentences to train from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from storage.masking import masked
from storage.reviewing.records import WHOLE, Correction, Replay

MOST = 20_000
"""Conversations of one export."""
Mask = Callable[[str], str]


COLUMNS = (
    "conversation",
    "site",
    "lang",
    "turn",
    "at",
    "intent",
    "said",
    "answer",
    "item_ids",
    "unmet",
    "liked",
    "disliked",
    "verdicts",
    "right_item_ids",
    "complete",
    "total_ms",
)


def jsonl(replays: Iterable[Replay], mask: Mask) -> Iterator[str]:
    """A conversation a line: all that is held on it and all that reviewers added."""
    for replay in replays:
        yield _line(masked(_whole(replay), mask))


def table(replays: Iterable[Replay], mask: Mask) -> Iterator[str]:
    """CSV, an answer a row. Cells that a spreadsheet would take for formulas begin with an apostrophe."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(COLUMNS)
    yield "\ufeff" + _taken(out)
    for replay in replays:
        for row in _rows(replay):
            write.writerow([_cell(masked(row[name], mask)) for name in COLUMNS])
        yield _taken(out)


def chats(replays: Iterable[Replay], mask: Mask) -> Iterator[str]:
    """A conversation a line as `messages` (role, content), which Argilla and trainers read, with its metadata."""
    for replay in replays:
        said = [
            {"role": "user" if message.role == "user" else "assistant", "content": mask(_said(replay, message))}
            for message in replay.messages
        ]
        verdicts = [one.verdict for one in replay.verdicts if one.turn_id == WHOLE]
        about = {
            "conversation": replay.number,
            "lang": replay.session.lang,
            "site": replay.session.site,
            "tags": list(replay.tags),
            "verdict": verdicts[-1] if verdicts else None,
        }
        yield _line({"id": f"conversation-{replay.number}", "messages": said, "metadata": about})


def sentences(corrections: Iterable[Correction], mask: Mask) -> Iterator[str]:
    """A corrected line a line, as `zhiyin train` reads them."""
    for one in corrections:
        yield _line(masked(dict(one.example), mask))


def _whole(replay: Replay) -> dict[str, Any]:
    messages = []
    for message in replay.messages:
        told: dict[str, Any] = {
            "turn_id": message.turn_id,
            "role": message.role,
            "text": message.text,
            "at": message.created_at.isoformat(),
        }
        if message.role == "bot":
            slate = replay.answers.get(message.turn_id)
            told |= {
                "intent": message.intent,
                "complete": message.complete,
                "lines": dict(message.lines),
                "line_outcomes": {part: dict(how) for part, how in message.line_outcomes.items()},
                "timings_ms": dict(message.timings),
                "unmet": list(slate.unmet) if slate else [],
                "interest": dict(replay.moments.get(message.turn_id, {})),
                "slate": [
                    {"item_id": card.item_id, "score": card.score, "parts": dict(card.parts)}
                    for card in (slate.impressions if slate else ())
                ],
                "right_item_ids": list(replay.right.get(message.turn_id, ())),
            }
        messages.append(told)
    return {
        "conversation": replay.number,
        "session_id": replay.session.session_id,
        "site": replay.session.site,
        "lang": replay.session.lang,
        "started_at": replay.session.created_at.isoformat(),
        "messages": messages,
        "feedback": [
            {"item_id": one.item_id, "kind": one.kind, "value": one.value, "undone": one.undone, "turn_id": one.turn_id}
            for one in replay.feedback
        ],
        "tags": list(replay.tags),
        "notes": [{"turn_id": one.turn_id, "text": one.text, "reviewer": one.reviewer} for one in replay.notes],
        "verdicts": [
            {"turn_id": one.turn_id, "verdict": one.verdict, "reviewer": one.reviewer} for one in replay.verdicts
        ],
        "corrections": [
            {"turn_id": one.turn_id, "part": one.part, "line": one.line, "reviewer": one.reviewer}
            for one in replay.corrections
        ],
    }


def _rows(replay: Replay) -> Iterator[dict[str, Any]]:
    stand = [one for one in replay.feedback if not one.undone]
    asked, nth = "", 0
    for message in replay.messages:
        if message.role == "user":
            asked = message.text
            continue
        nth += 1
        slate = replay.answers.get(message.turn_id)
        shown = [card.item_id for card in slate.impressions] if slate else []
        yield {
            "conversation": replay.number,
            "site": replay.session.site,
            "lang": message.lang,
            "turn": nth,
            "at": message.created_at.isoformat(),
            "intent": message.intent or "",
            "said": asked,
            "answer": _said(replay, message),
            "item_ids": ";".join(shown),
            "unmet": ";".join(slate.unmet) if slate else "",
            "liked": ";".join(one.item_id for one in stand if one.kind == "like" and one.item_id in shown),
            "disliked": ";".join(
                one.item_id for one in stand if one.kind in ("dislike", "hide") and one.item_id in shown
            ),
            "verdicts": ";".join(
                f"{one.reviewer}:{one.verdict}" for one in replay.verdicts if one.turn_id == message.turn_id
            ),
            "right_item_ids": ";".join(replay.right.get(message.turn_id, ())),
            "complete": "yes" if message.complete else "no",
            "total_ms": round(sum(message.timings.values())),
        }


def _said(replay: Replay, message: Any) -> str:
    """All words of a message: for an answer the opening, then a line an item with its title."""
    if message.role == "user":
        return str(message.text)
    lines = [f"{replay.items.get(id_, {}).get('title', id_)}: {line}" for id_, line in message.lines.items() if line]
    return "\n".join([message.text, *lines]).strip()


def _cell(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=datetime.isoformat) + "\n"
