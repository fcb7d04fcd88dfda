"""What goes into the store and what comes from outside: checked, and in the forms that are kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from bot.interest.state import Interest, view
from bot.policy.decision import Decision
from bot.reply import Slate
from bot.understanding.turn import Turn
from errors import InputError, Lang, TextTooLong
from storage.records import ImpressionRecord, SlateDraft

TEXT_LIMIT = 2_000
FEEDBACK_KINDS = ("like", "dislike", "hide", "click", "browse", "purchase", "rating", "undo")
VALUED_KINDS = {"rating": (1.0, 5.0), "browse": (0.0, 86_400.0)}


def checked_text(text: str) -> str:
    """The message without outer space. Raises InputError for an empty one, TextTooLong over the limit."""
    text = text.strip().replace("\x00", "")
    if not text:
        raise InputError(field="text", zh_reason="说点什么吧，这是空的", reason="it is empty; please say something")
    if len(text) > TEXT_LIMIT:
        raise TextTooLong(field="text", limit=TEXT_LIMIT, length=len(text))
    return text


def checked_feedback(kind: str, value: float | None) -> float | None:
    """The feedback's value if kind and value go together. Raises InputError."""
    if kind not in FEEDBACK_KINDS:
        allowed = ", ".join(FEEDBACK_KINDS)
        raise InputError(field="kind", zh_reason=f"只能是 {allowed}", reason=f"allowed: {allowed}")
    if kind not in VALUED_KINDS:
        return None
    low, high = VALUED_KINDS[kind]
    if value is None or not low <= value <= high:
        raise InputError(
            field="value",
            zh_reason=f"应在 {low:g} 到 {high:g} 之间",
            reason=f"from {low:g} to {high:g} for {kind}",
        )
    return value


def turn_id_of(session_id: str, key: str) -> str:
    """The id of the message that a call with an idempotency key says: tried again, it is kept once."""
    return sha256(f"{session_id}\n{key}".encode()).hexdigest()[:32]


def slate_draft(slate: Slate) -> SlateDraft:
    """A slate as it is stored: the impressions with rank, score, parts and reasons."""
    return SlateDraft(
        impressions=tuple(
            ImpressionRecord(
                rank,
                card.item.id,
                card.score,
                card.parts,
                tuple(because.as_json() for because in card.because),
            )
            for rank, card in enumerate(slate.cards, 1)
        ),
        unmet=slate.unmet,
        slate_id=slate.slate_id,
    )


def understanding_json(turn: Turn, decision: Decision) -> dict[str, Any]:
    """What was heard and what was decided on it, as JSON values, for the record."""
    kept = asdict(turn) | {"decision": asdict(decision)}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=sorted))
    return plain


def moment_json(interest: Interest) -> dict[str, Any]:
    """The interest as it stands now, for a person who looks back; how it came so, the earlier moments say."""
    seen = view(interest)
    del seen["history"]
    return seen


def as_lang(lang: str) -> Lang:
    """A stored language code as one of the two."""
    return "zh" if lang == "zh" else "en"
