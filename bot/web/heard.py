"""The interest as the panel draws it: threads with their words, refusals, limits, items, and how it drifted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.interest.state import Evidence, Interest, Limit, Refusal, Thread
from errors import NotFound
from retrieval.items import Item
from storage.records import MessageRecord

VERDICTS = frozenset({"like", "dislike", "hide", "rating", "purchase", "said"})
"""Evidence that the panel shows; clicks and looking move the interest a little, unseen."""
QUOTE_LENGTH = 240
MOST_MOMENTS = 24
SUDDEN = 0.25
"""No thread fades away from above this weight within a turn: one that is gone has taken another name."""


@dataclass
class Strand:
    """One thread through the turns. `words`: all that it was called by; `weights`: one a moment, 0 where absent."""

    words: set[str]
    weights: list[float] = field(default_factory=list)


def heard_json(
    interest: Interest, messages: Iterable[MessageRecord], item_of: Callable[[str], Item], lang: str
) -> dict[str, Any]:
    """All that the panel draws. `messages`: the conversation so far; `item_of` raises NotFound."""
    threads = sorted(interest.threads, key=lambda thread: -thread.weight)
    moments = [moment.weights for moment in interest.history[-MOST_MOMENTS:]]
    now = tuple((thread.label, thread.weight) for thread in threads)
    if not moments or {label for label, _ in moments[-1]} != {label for label, _ in now}:
        moments = [*moments, now]
    drift, place = strands(moments)
    said = {m.turn_id: [nth, m.text] for nth, m in enumerate((m for m in messages if m.role == "user"), 1)}
    heard = {
        "threads": [_thread(thread, place[thread.label], said) for thread in threads],
        "refusals": [
            _standing(text, r, _said_with(r.turn_id, threads, place))
            for text, r in {r.text: r for r in interest.refusals}.items()
        ],
        "limits": [
            _standing(text, limit, _within(limit.domain, limit.turn_id, threads, place))
            for text, limit in {limit.constraint.text: limit for limit in interest.limits}.items()
        ],
        "items": _items(interest.evidence, item_of, threads, place, lang),
        "sentiment": round(interest.sentiment, 3),
        "drift": [[round(weight, 3) for weight in strand.weights] for strand in drift],
    }
    return {**heard, "said": _quotes(heard, said)}


def strands(moments: Sequence[Sequence[tuple[str, float]]]) -> tuple[list[Strand], dict[str, int]]:
    """Follows threads through moments of (label, weight), and says in which strand each last label is.

    A thread's label is made of its strongest words, which change: it is the strand with which it shares the most
    words, or else the one that was too heavy to have gone.
    """
    known: list[Strand] = []
    place: dict[str, int] = {}
    for turn, moment in enumerate(moments):
        place = _places(known, moment)
        for label, _ in moment:
            if label not in place:
                place[label] = len(known)
                known.append(Strand(set(), [0.0] * turn))
            known[place[label]].words |= _words(label)
        weights = {place[label]: weight for label, weight in moment}
        for index, strand in enumerate(known):
            strand.weights.append(weights.get(index, 0.0))
    return known, place


def _places(known: Sequence[Strand], moment: Sequence[tuple[str, float]]) -> dict[str, int]:
    shared = [
        (len(_words(label) & strand.words), strand.weights[-1], -index, label)
        for label, _ in moment
        for index, strand in enumerate(known)
    ]
    place: dict[str, int] = {}
    for common, _, index, label in sorted(shared, reverse=True):
        if common and label not in place and -index not in place.values():
            place[label] = -index
    for label, _ in sorted(moment, key=lambda named: -named[1]):
        gone = [i for i, s in enumerate(known) if i not in place.values() and s.weights[-1] > SUDDEN]
        if label not in place and gone:
            place[label] = max(gone, key=lambda i: known[i].weights[-1])
    return place


def _words(label: str) -> set[str]:
    return set(re.split("、|, ", label))


def _thread(thread: Thread, strand: int, said: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    spoken = [word.turn_id for word in thread.words if word.turn_id in said]
    return {
        "label": thread.label,
        "weight": round(thread.weight, 3),
        "domain": thread.domain,
        "pinned": thread.pinned,
        "source": thread.source,
        "strand": strand,
        "turn_id": max(spoken, key=lambda turn_id: said[turn_id][0], default=""),
        "words": [
            {"text": word.text, "weight": round(word.weight, 3), "turn_id": word.turn_id, "pinned": word.pinned}
            for word in sorted(thread.words, key=lambda word: -word.weight)
        ],
    }


def _standing(text: str, held: Refusal | Limit, strand: int | None) -> dict[str, Any]:
    return {"text": text, "turn_id": held.turn_id, "pinned": held.pinned, "strand": strand}


def _said_with(turn_id: str, threads: Sequence[Thread], place: Mapping[str, int]) -> int | None:
    """The thread that was spoken of in the same message, else the live one."""
    near = [thread for thread in threads if any(word.turn_id == turn_id for word in thread.words)]
    return place[(near or threads)[0].label] if threads else None


def _within(domain: str, turn_id: str, threads: Sequence[Thread], place: Mapping[str, int]) -> int | None:
    """The thread that a limit or an item belongs to by its domain, else the one of the same message."""
    same = [thread for thread in threads if domain and thread.domain == domain]
    return place[same[0].label] if same else _said_with(turn_id, threads, place)


def _items(
    evidence: Sequence[Evidence],
    item_of: Callable[[str], Item],
    threads: Sequence[Thread],
    place: Mapping[str, int],
    lang: str,
) -> list[dict[str, Any]]:
    """The items that were liked or passed over, each once; those gone from the catalogue are left out."""
    shown: dict[str, dict[str, Any]] = {}
    for fact in evidence:
        if fact.kind not in VERDICTS or not fact.strength:
            continue
        try:
            item = item_of(fact.item_id).localized(lang)
        except NotFound:
            continue
        shown[fact.item_id] = {
            "id": item.id,
            "text": item.title,
            "liked": fact.strength > 0,
            "kind": fact.kind,
            "weight": round(abs(fact.strength), 3),
            "turn_id": fact.turn_id,
            "source": "profile" if fact.past else "said",
            "strand": _within(item.domain, fact.turn_id, threads, place),
        }
    return list(shown.values())


def _quotes(heard: Mapping[str, Any], said: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Turn id → which message of the visitor's it is, counted from 1, and its words: those spoken of only."""
    parts = [*heard["threads"], *heard["refusals"], *heard["limits"], *heard["items"]]
    parts += [word for thread in heard["threads"] for word in thread["words"]]
    spoken = {part["turn_id"] for part in parts} & said.keys()
    return {turn_id: [said[turn_id][0], short(said[turn_id][1])] for turn_id in spoken}


def short(text: str) -> str:
    """A message as it is quoted."""
    return text if len(text) <= QUOTE_LENGTH else f"{text[:QUOTE_LENGTH].rstrip()}…"
