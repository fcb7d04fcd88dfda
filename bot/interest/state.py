"""The interest as frozen data, and its two other forms: JSON to keep, JSON to show."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bot.understanding.turn import Constraint, Facet, Question
from retrieval.segment import HAN

FloatArray = npt.NDArray[np.float32]


def unit(vector: FloatArray) -> FloatArray:
    """The vector at length 1 (zeros stay zeros)."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


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

    @property
    def is_item(self) -> bool:
        """Whether it is an item's title that stands for "something like it": no word to look for in other items."""
        return any(facet.field == "item" for facet in self.facets)


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
    """A word that was refused: nothing that is about it is shown.

    `pinned`: holds in the visitor's later sessions too, and when the talk starts over.
    """

    text: str
    norm: str
    turn_id: str
    facets: tuple[Facet, ...] = ()
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint in force. `domain`: for which things it was said; empty for all.

    `kinds`: for texts ("black"), the folded categories of the domain that it was said of; empty for all of them.
    """

    constraint: Constraint
    domain: str
    turn_id: str
    kinds: tuple[str, ...] = ()
    pinned: bool = False

    def binds(self, domain: str, category: str) -> bool:
        """Whether an item of that domain and (folded) category is held to it."""
        return self.domain in ("", domain) and (not self.kinds or category in self.kinds)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Feedback on an item, as interest: `strength` -1 (hide) … +1 (bought). `past`: on an earlier visit."""

    item_id: str
    kind: str
    strength: float
    turn_id: str
    past: bool = False


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
        return unit(total)


def to_state(interest: Interest) -> dict[str, Any]:
    """The interest as JSON values, for the database."""
    return {
        "threads": [
            {
                "vector": base64.b64encode(thread.vector.astype("<f4").tobytes()).decode("ascii"),
                "weight": thread.weight,
                "domain": thread.domain,
                "words": [asdict(word) for word in thread.words],
                "pinned": thread.pinned,
                "source": thread.source,
            }
            for thread in interest.threads
        ],
        "refusals": [asdict(refusal) for refusal in interest.refusals],
        "limits": [asdict(limit) for limit in interest.limits],
        "evidence": [asdict(evidence) for evidence in interest.evidence],
        "sentiment": interest.sentiment,
        "history": [asdict(moment) for moment in interest.history],
        "dialogue": asdict(interest.dialogue),
    }


def from_state(state: Mapping[str, Any], dimension: int) -> Interest:
    """Reads `to_state` back, and what earlier versions wrote.

    Threads made by an encoder of another dimension are left out.
    """
    threads = (_thread(raw) for raw in state.get("threads", ()))
    return Interest(
        threads=tuple(thread for thread in threads if len(thread.vector) == dimension),
        refusals=tuple(Refusal(**{**r, "facets": _facets(r["facets"])}) for r in state.get("refusals", ())),
        limits=tuple(_limit(raw) for raw in state.get("limits", ())),
        evidence=tuple(Evidence(**raw) for raw in state.get("evidence", ())),
        sentiment=float(state.get("sentiment", 0.0)),
        history=tuple(
            Moment(raw["turn_id"], tuple((label, weight) for label, weight in raw["weights"]))
            for raw in state.get("history", ())
        ),
        dialogue=_dialogue(state.get("dialogue", {})),
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
                    {
                        "text": word.text,
                        "weight": round(word.weight, 3),
                        "turn_id": word.turn_id,
                        "pinned": word.pinned,
                    }
                    for word in sorted(thread.words, key=lambda word: -word.weight)
                ],
                "pinned": thread.pinned,
                "source": thread.source,
            }
            for thread in sorted(interest.threads, key=lambda thread: -thread.weight)
        ],
        "refusals": [{"text": r.text, "turn_id": r.turn_id, "pinned": r.pinned} for r in interest.refusals],
        "constraints": [
            {
                "field": limit.constraint.field,
                "op": limit.constraint.op,
                "value": limit.constraint.value,
                "values": list(limit.constraint.values),
                "text": limit.constraint.text,
                "domain": limit.domain,
                "turn_id": limit.turn_id,
                "pinned": limit.pinned,
            }
            for limit in interest.limits
        ],
        "sentiment": round(interest.sentiment, 3),
        "history": [
            {
                "turn_id": moment.turn_id,
                "weights": [{"label": label, "weight": round(weight, 3)} for label, weight in moment.weights],
            }
            for moment in interest.history
        ],
    }


def _thread(raw: Mapping[str, Any]) -> Thread:
    vector = np.frombuffer(base64.b64decode(raw["vector"]), dtype="<f4").astype(np.float32)
    words = tuple(Word(**{**word, "facets": _facets(word["facets"])}) for word in raw["words"])
    pinned, source = raw.get("pinned", False), raw.get("source", "said")
    return Thread(vector, raw["weight"], words, raw["domain"], pinned, source)


def _limit(raw: Mapping[str, Any]) -> Limit:
    """A limit; before there were texts among them, its constraint lay flat beside domain and turn."""
    said = raw.get("constraint") or {name: raw[name] for name in ("field", "op", "value", "text")}
    constraint = Constraint(**{**said, "values": tuple(said.get("values", ()))})
    return Limit(constraint, raw["domain"], raw["turn_id"], tuple(raw.get("kinds", ())), raw.get("pinned", False))


def _dialogue(raw: Mapping[str, Any]) -> Dialogue:
    question = raw.get("question")
    return Dialogue(
        slate=tuple(raw.get("slate", ())),
        focus=tuple(raw.get("focus", ())),
        question=Question(question["field"], question["text"], tuple(question["answers"])) if question else None,
        asked=tuple(raw.get("asked", ())),
    )


def _facets(raw: list[list[str]]) -> tuple[Facet, ...]:
    return tuple(Facet(field, value) for field, value in raw)
