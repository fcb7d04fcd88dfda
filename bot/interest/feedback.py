"""What is done with items, and said of them, as evidence; and how it pulls a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.interest.parameters import DEFAULT, InterestParameters
from bot.interest.state import Evidence, FloatArray, Interest, Thread, unit
from bot.understanding.turn import Reference

VERDICTS = frozenset({"like", "dislike", "hide", "rating", "said"})
"""What a visitor says of an item, of which the last one holds; the rest is what a visitor does with it."""
NEUTRAL_STARS, STARS_TO_EITHER_SIDE = 3.0, 2.0


def strength(kind: str, value: float | None, parameters: InterestParameters = DEFAULT) -> float:
    """-1 … 1 for an act: a rating of 3 says nothing, a minute of browsing nearly as much as a click.

    `value`: stars of a rating, seconds of a browse, sentiment (-1 … 1) of something said; else None.
    """
    p = parameters
    if kind == "rating":
        stars = NEUTRAL_STARS if value is None else value
        return (stars - NEUTRAL_STARS) / STARS_TO_EITHER_SIDE * p.rating
    if kind == "browse":
        return min((value or 0.0) / p.browse_seconds, 1.0) * p.browse
    if kind == "said":
        return (value or 0.0) * p.said
    return {"purchase": p.purchase, "like": p.like, "click": p.click, "dislike": p.dislike, "hide": p.hide}[kind]


def feel(
    interest: Interest,
    item_id: str,
    kind: str,
    value: float | None,
    turn_id: str,
    parameters: InterestParameters = DEFAULT,
) -> Interest:
    """The interest after feedback on an item.

    `undo` takes the last verdict on it back (like, dislike, hide, rating); where there is none, the last act. What was
    said of it in words can be taken back in words. Words that agree with a verdict already given do not weaken it.
    """
    others = tuple(e for e in interest.evidence if e.item_id != item_id)
    mine = tuple(e for e in interest.evidence if e.item_id == item_id)
    if kind == "undo":
        done = [e for e in mine if e.kind != "said" and not e.past]
        undone = next((e for e in reversed(done) if e.kind in VERDICTS), done[-1] if done else None)
        return replace(interest, evidence=others + tuple(e for e in mine if e is not undone))
    said = Evidence(item_id, kind, strength(kind, value, parameters), turn_id)
    if kind == "said" and any(e.kind in VERDICTS - {"said"} and e.strength * said.strength > 0 for e in mine):
        return interest
    mine = tuple(e for e in mine if e.kind != kind and not (e.kind in VERDICTS and kind in VERDICTS))
    return replace(interest, evidence=_bounded((*others, *mine, said), parameters.most_evidence))


def said_of(
    interest: Interest, references: Sequence[Reference], turn_id: str, parameters: InterestParameters = DEFAULT
) -> Interest:
    """The interest after what was said of items in words.

    Of what was shown, all that is meant is judged; of a title the likeliest; of a creator the few foremost works.
    """
    for reference in references:
        if reference.sentiment:
            for item_id in meant(reference, parameters):
                interest = feel(interest, item_id, "said", reference.sentiment, turn_id, parameters)
    return interest


def meant(reference: Reference, parameters: InterestParameters) -> tuple[str, ...]:
    """The items that a reference stands for."""
    if reference.kind == "title":
        return reference.item_ids[:1]
    return reference.item_ids[: parameters.most_alike] if reference.kind == "creator" else reference.item_ids


def pulled(thread: Thread, liked: FloatArray, disliked: FloatArray, parameters: InterestParameters) -> FloatArray:
    """[d] the thread's vector pulled to liked and pushed from disliked items (rows: strength · unit vector).

    Relevance feedback (Rocchio, 1971): q + β · mean(liked) - γ · mean(disliked), at unit length.
    """
    vector = thread.vector.copy()
    if len(liked):
        vector += np.float32(parameters.liked_pull) * liked.mean(axis=0)
    if len(disliked):
        vector -= np.float32(parameters.disliked_push) * disliked.mean(axis=0)
    return unit(vector)


def _bounded(evidence: tuple[Evidence, ...], most: int) -> tuple[Evidence, ...]:
    """The newest of it; the oldest approval goes first, so that what was turned down stays away."""
    surplus = len(evidence) - most
    if surplus <= 0:
        return evidence
    oldest = [e for e in evidence if e.strength >= 0][:surplus]
    gone = {id(e) for e in oldest}
    return tuple(e for e in evidence if id(e) not in gone)
