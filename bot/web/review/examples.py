"""What a corrected line is learnt from: the sentence as it would stand in `bot/phrasing/data/sentences`."""

from __future__ import annotations

from typing import Any

from bot.keeping import as_lang
from bot.phrasing.examples import request_of
from bot.phrasing.requests import INTENTS, OPENING
from bot.policy.lines import MOST_REASONS, SAID_ALREADY
from errors import InputError, NotFound
from retrieval.files import item_from_json
from storage.records import MessageRecord
from storage.reviewing.records import Replay

FACTS = ("title", "domain", "category", "brand", "price", "currency", "year", "tags", "description", "attributes")
LONGEST_LINE = 300


def example_of(replay: Replay, turn_id: str, part: str, line: str) -> dict[str, Any]:
    """The training sentence that a corrected line makes, read once by `zhiyin train`'s own reader.

    Raises InputError for an empty or overlong line, NotFound for a turn or an item that is not there.
    """
    line = " ".join(line.split())
    if not line or len(line) > LONGEST_LINE:
        raise InputError(
            field="line",
            zh_reason=f"要有 1 到 {LONGEST_LINE} 个字符",
            reason=f"it needs 1 to {LONGEST_LINE} characters",
        )
    reply, wish = _turn(replay, turn_id)
    told = _opening(replay, reply, wish) if part == OPENING else _item(replay, reply, wish, part)
    example = {**told, "line": line}
    request_of(example)
    return example


def _turn(replay: Replay, turn_id: str) -> tuple[MessageRecord, str]:
    """The reply, and what the visitor had said."""
    wish = ""
    for message in replay.messages:
        if message.role == "user":
            wish = message.text
        elif message.turn_id == turn_id:
            return message, wish
    raise NotFound(what="turn", id=turn_id)


def _item(replay: Replay, reply: MessageRecord, wish: str, item_id: str) -> dict[str, Any]:
    data = replay.items.get(item_id)
    slate = replay.answers.get(reply.turn_id)
    shown = next((card for card in slate.impressions if card.item_id == item_id), None) if slate else None
    if data is None or shown is None:
        raise NotFound(what="item", id=item_id)
    facts = item_from_json(dict(data)).localized(reply.lang).as_json()
    whole = str(facts).lower()
    terms = [term for wished in reply.understanding.get("wishes", ()) for term in wished.get("terms", ())]
    fits = list(dict.fromkeys(term["text"] for term in terms if str(term["text"]).lower() in whole))
    reasons = [str(reason["text"]) for reason in shown.because if reason.get("kind") not in SAID_ALREADY]
    return {
        "kind": "item",
        "lang": as_lang(reply.lang),
        "wish": wish,
        "fits": fits,
        "facts": {name: facts[name] for name in FACTS if name in facts},
        **({"reasons": reasons[:MOST_REASONS]} if reasons else {}),
    }


def _opening(replay: Replay, reply: MessageRecord, wish: str) -> dict[str, Any]:
    situation = str(reply.understanding.get("decision", {}).get("situation", ""))
    slate = replay.answers.get(reply.turn_id)
    shown = [replay.items.get(card.item_id, {}) for card in slate.impressions] if slate else []
    kinds = dict.fromkeys(str(item.get("category") or item.get("domain", "")) for item in shown if item)
    moment = replay.moments.get(reply.turn_id, {})
    told: dict[str, Any] = {
        "limits": [one["text"] for one in moment.get("constraints", ())],
        "refused": [one["text"] for one in reply.understanding.get("refusals", ())],
        "unmet": list(slate.unmet) if slate else [],
        "kinds": list(kinds)[:3],
    }
    return {
        "kind": "opening",
        "lang": as_lang(reply.lang),
        "wish": wish,
        "intent": situation if situation in INTENTS else "recommend",
        **{name: value for name, value in told.items() if value},
    }
