"""What a turn gives: a slate of cards, then words in pieces, then the whole reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.understanding.turn import Question
from retrieval.items import Item


@dataclass(frozen=True)
class Because:
    """One true reason: which part of the score it speaks of, in words, and the message it came from."""

    kind: str
    text: str
    turn_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the contract has it."""
        return {"kind": self.kind, "text": self.text, "turn_id": self.turn_id}


@dataclass(frozen=True)
class Card:
    """One item on a slate. `item` is in the visitor's language; `score` is the sum of `parts`.

    `fits`: the words of the wish and the limits that the item truly meets.
    """

    item: Item
    score: float
    parts: Mapping[str, float]
    because: tuple[Because, ...]
    fits: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the contract has it, with the description and attributes added."""
        item = self.item
        return {
            "id": item.id,
            "title": item.title,
            "domain": item.domain,
            "category": item.category or None,
            "brand": item.brand or None,
            "price": item.price,
            "currency": item.currency or None,
            "year": item.year,
            "tags": list(item.tags),
            "url": item.url or None,
            "image_url": item.image_url or None,
            "description": item.description or None,
            "attributes": {k: list(v) if isinstance(v, tuple) else v for k, v in item.attributes.items()},
            "score": round(self.score, 4),
            "parts": {name: round(value, 4) for name, value in self.parts.items()},
            "because": [because.as_json() for because in self.because],
        }


@dataclass(frozen=True)
class Slate:
    """What is shown, best first. `unmet`: wishes, in the visitor's words, that nothing in the catalogue meets.

    `nearest`: where nothing fits a limit, the nearest there is, in words ("最低 199 元"). `question`: asked with it.
    """

    slate_id: str
    cards: tuple[Card, ...] = ()
    unmet: tuple[str, ...] = ()
    nearest: str = ""
    question: Question | None = None

    def as_json(self) -> dict[str, Any]:
        """As the contract has it; where there is a question, it is added."""
        told: dict[str, Any] = {
            "slate_id": self.slate_id,
            "items": [card.as_json() for card in self.cards],
            "unmet": list(self.unmet),
        }
        if asked := self.question:
            told["question"] = {"field": asked.field, "text": asked.text, "answers": list(asked.answers)}
        return told


@dataclass(frozen=True)
class Delta:
    """New words for one part of the reply: the opening or an item's line."""

    part: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """As the contract has it."""
        return {"part": self.part, "text": self.text}


@dataclass(frozen=True)
class Reply:
    """A whole reply. `text`: the opening; `lines`: words by item id; `complete`: False if it was cut off.

    `words`: who wrote it, the model, plain sentences or both (mixed); `words_reason`: what kept the model from it
    (failed; slow; none where there is no model), empty where nothing did.
    """

    turn_id: str
    slate: Slate
    text: str
    lines: Mapping[str, str]
    intent: str
    complete: bool
    timings_ms: Mapping[str, float]
    words: str = "plain"
    words_reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the contract has it."""
        return {
            "turn_id": self.turn_id,
            "slate": self.slate.as_json(),
            "text": self.text,
            "lines": dict(self.lines),
            "intent": self.intent,
            "complete": self.complete,
            "words": self.words,
            "words_reason": self.words_reason or None,
            "timings_ms": {stage: round(value, 2) for stage, value in self.timings_ms.items()},
        }


ReplyEvent = Slate | Delta | Reply
"""A reply as it comes: one Slate, any number of Deltas, one Reply."""
