"""The interest as frozen data, and its two other forms: JSON to keep, JSON to show."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bot.understanding.turn import Constraint, Facet, Question
from retrieval.segment import HAN

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    """A word behind a thread. `weight`: how much it counts now; `turn_id`: the message it came from.

    `pinned`: kept by the visitor's own hand, so that it does not fade.
    """

    text: str
    norm: str
    weight: float
    turn_id: str
    facets: tuple[Facet, ...] = ()
    pinned: bool = False

    @property
    def is_kind(self) -> bool:
        """Whether it names a kind of thing (a category), of which an item can be only one."""
        return any(facet.field == "category" for facet in self.facets)

    @property
    def is_domain(self) -> bool:
        """Whether it names a domain."""
        return any(facet.field == "domain" for facet in self.facets)


@dataclass(frozen=True, eq=False)
class Thread:
    """One line of interest. `vector` [d]: unit length, centred on the catalogue. `weight`: 0-1, the live one has 1.

    `domain`: where it looks, empty for anywhere. `pinned`: kept by the visitor's own hand. `source`: "said" in this
    session, or "profile" from earlier ones, which colours the present wish and is served only when there is none.
    """

    vector: FloatArray
    weight: float
    words: tuple[Word, ...]
    domain: str = ""
    pinned: bool = False
    source: Literal["said", "profile"] = "said"

    @property
    def label(self) -> str:
        """Its strongest words, as a person would call it."""
        ranked = sorted(self.words, key=lambda word: -word.weight)
        texts = [word.text for word in ranked[:3]]
        return ("、" if any(HAN.search(text) for text in texts) else ", ").join(texts) or self.domain


@dataclass(frozen=True, slots=True)
class Refusal:
    """A word that was refused: nothing that is about it is shown."""

    text: str
    norm: str
    turn_id: str
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint in force. `domain`: for which things it was said; empty for all."""

    constraint: Constraint
    domain: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Feedback on an item, as interest: `strength` -1 (hide) … +1 (bought)."""

    item_id: str
    kind: str
    strength: float
    turn_id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """How the interest stood after a turn: (label, weight) of each thread."""

    turn_id: str
    weights: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where the talk stands. `slate`: item ids last shown; `focus`: items last spoken of.

    `question`: what the bot asked in its last reply; `asked`: fields it has asked about, never asked again.
    """

    slate: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()
    question: Question | None = None
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interest:
    """All that a session's interest is. A new visitor has an empty one.

    `history`: how it came to stand so, oldest first.
    """

    threads: tuple[Thread, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    limits: tuple[Limit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    sentiment: float = 0.0
    history: tuple[Moment, ...] = ()
    dialogue: Dialogue = Dialogue()

    @property
    def live(self) -> Thread | None:
        """The heaviest thread: what the talk is about now."""
        return max(self.threads, key=lambda thread: thread.weight, default=None)

    def vector(self, dimension: int) -> FloatArray:
        """[d] the session interest vector: the weighted sum of the threads, unit length (zeros for none)."""
        total = np.zeros(dimension, dtype=np.float32)
        for thread in self.threads:
            total += np.float32(thread.weight) * thread.vector
        length = float(np.linalg.norm(total))
        return total / np.float32(length) if length else total


def to_state(interest: Interest) -> dict[str, Any]:
    """The interest as JSON values, for the database."""
    return {
        "threads": [
            {
                "vector": base64.b64encode(thread.vector.astype("<f4").tobytes()).decode("ascii"),
                "weight": thread.weight,
                "domain": thread.domain,
                "words": [_word_state(word) for word in thread.words],
            }
            for thread in interest.threads
        ],
        "refusals": [
            {"text": r.text, "norm": r.norm, "turn_id": r.turn_id, "facets": [list(f) for f in r.facets]}
            for r in interest.refusals
        ],
        "limits": [
            {
                "field": limit.constraint.field,
                "op": limit.constraint.op,
                "value": limit.constraint.value,
                "text": limit.constraint.text,
                "domain": limit.domain,
                "turn_id": limit.turn_id,
            }
            for limit in interest.limits
        ],
        "evidence": [
            {"item_id": e.item_id, "kind": e.kind, "strength": e.strength, "turn_id": e.turn_id}
            for e in interest.evidence
        ],
        "sentiment": interest.sentiment,
    }


def from_state(state: Mapping[str, Any], dimension: int) -> Interest:
    """Reads `to_state` back. Threads made by an encoder of another dimension are left out."""
    threads = (_thread(raw) for raw in state.get("threads", ()))
    return Interest(
        threads=tuple(thread for thread in threads if len(thread.vector) == dimension),
        refusals=tuple(
            Refusal(r["text"], r["norm"], r["turn_id"], _facets(r["facets"])) for r in state.get("refusals", ())
        ),
        limits=tuple(
            Limit(Constraint(r["field"], r["op"], r["value"], r["text"]), r["domain"], r["turn_id"])
            for r in state.get("limits", ())
        ),
        evidence=tuple(Evidence(**raw) for raw in state.get("evidence", ())),
        sentiment=float(state.get("sentiment", 0.0)),
    )


def view(interest: Interest) -> dict[str, Any]:
    """The interest as the visitor and the API see it, the live thread first."""
    return {
        "threads": [
            {
                "label": thread.label,
                "weight": round(thread.weight, 3),
                "domain": thread.domain,
                "words": [
                    {"text": word.text, "weight": round(word.weight, 3), "turn_id": word.turn_id}
                    for word in sorted(thread.words, key=lambda word: -word.weight)
                ],
            }
            for thread in sorted(interest.threads, key=lambda thread: -thread.weight)
        ],
        "refusals": [{"text": r.text, "turn_id": r.turn_id} for r in interest.refusals],
        "constraints": [
            {
                "field": limit.constraint.field,
                "op": limit.constraint.op,
                "value": limit.constraint.value,
                "text": limit.constraint.text,
                "turn_id": limit.turn_id,
            }
            for limit in interest.limits
        ],
        "sentiment": round(interest.sentiment, 3),
    }


def _thread(raw: Mapping[str, Any]) -> Thread:
    vector = np.frombuffer(base64.b64decode(raw["vector"]), dtype="<f4").astype(np.float32)
    words = tuple(Word(w["text"], w["norm"], w["weight"], w["turn_id"], _facets(w["facets"])) for w in raw["words"])
    return Thread(vector, raw["weight"], words, raw["domain"])


def _word_state(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "norm": word.norm,
        "weight": word.weight,
        "turn_id": word.turn_id,
        "facets": [list(facet) for facet in word.facets],
    }


def _facets(raw: list[list[str]]) -> tuple[Facet, ...]:
    return tuple(Facet(field, value) for field, value in raw)
