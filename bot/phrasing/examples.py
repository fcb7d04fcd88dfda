"""Written examples, as they stand in `data/sentences/*.jsonl`: what a line was written from, and the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.phrasing.requests import INTENTS, AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from retrieval.items import Item

Row = Mapping[str, Any]


def request_of(example: Row) -> LineRequest:
    """The request that an example's line answers.

    Raises KeyError for a field that is missing, ValueError for an unknown kind, intent or language, TypeError for a
    field of the wrong type.
    """
    kind, lang, wish = example["kind"], example["lang"], str(example.get("wish", ""))
    if lang not in ("zh", "en"):
        raise ValueError("lang must be zh or en")
    match kind:
        case "item":
            item = item_of(example["facts"])
            return ItemLine(lang, wish, _texts(example, "fits"), item, _texts(example, "reasons"))
        case "answer":
            asked = tuple((str(name), str(value)) for name, value in example.get("asked", ()))
            return AnswerLine(lang, wish, item_of(example["facts"]), asked, _texts(example, "missing"))
        case "compare":
            points = tuple((str(n), str(a), str(b), str(apart)) for n, a, b, apart in example["points"])
            return CompareLine(lang, wish, item_of(example["one"]), item_of(example["two"]), points)
        case "opening" if example["intent"] in INTENTS:
            return OpeningLine(
                lang,
                wish,
                example["intent"],
                _texts(example, "limits"),
                _texts(example, "refused"),
                _texts(example, "unmet"),
                _texts(example, "kinds"),
                str(example.get("near", "")),
                str(example.get("from", "")),
            )
        case "opening":
            raise ValueError(f"intent must be one of {', '.join(sorted(INTENTS))}")
    raise ValueError("kind must be item, opening, answer or compare")


def item_of(facts: Row) -> Item:
    """An item from the facts of an example."""
    if not isinstance(facts, Mapping):
        raise TypeError("facts must be an object")
    attributes = {
        name: tuple(value) if isinstance(value, list) else value for name, value in facts.get("attributes", {}).items()
    }
    return Item(**{"id": "", **facts, "tags": tuple(facts.get("tags", ())), "attributes": attributes})


def _texts(example: Row, name: str) -> tuple[str, ...]:
    values = example.get(name, ())
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list of texts")
    return tuple(str(value) for value in values)
