"""Ways to carry interest from one message to the next: ours, and two that most relatives use, to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.interest.state import FloatArray, Interest, Thread, Word
from bot.interest.update import InterestParameters, unit
from bot.mind import Mind
from bot.understanding.turn import Turn


@dataclass(frozen=True)
class Method:
    """One way. `mind_for`: the mind that works so; `remembers`: whether messages share a session."""

    name: str
    averages: bool = False
    remembers: bool = True

    def mind(self, mind: Mind) -> Mind:
        """The mind that hears in this way."""
        return replace(mind, hear=hear_mean) if self.averages else mind


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("ours"),
        Method("last", remembers=False),
        Method("mean", averages=True),
    )
}
"""`last`: the last message only, all else forgotten; `mean`: everything that was said, averaged."""


def hear_mean(
    interest: Interest,
    turn: Turn,
    vectors: Sequence[FloatArray],
    turn_id: str,
    parameters: InterestParameters,
    *,
    named: Mapping[str, FloatArray],
    titles: Mapping[str, tuple[str, str]],
) -> Interest:
    """One thread: the mean of all wishes so far and all of their words. No refusals, no limits, no fading.

    The mean is a running one over directions, so that nothing has to be kept beside the thread.
    """
    if not turn.wishes:
        return replace(interest, refusals=(), limits=())
    old = interest.threads[0] if interest.threads else None
    heard = len({word.turn_id for word in old.words}) if old else 0
    mean = np.mean(np.stack(vectors), axis=0)
    vector = unit((np.float32(heard) * old.vector + mean) / np.float32(heard + 1)) if old else unit(mean)
    said = [
        Word(term.text, term.norm, 0.5 + term.sentiment, turn_id, term.facets)
        for wish in turn.wishes
        for term in wish.terms
    ]
    norms = {word.norm for word in said}
    kept = [word for word in old.words if word.norm not in norms] if old else []
    return replace(interest, threads=(Thread(vector, 1.0, (*said, *kept)),), refusals=(), limits=())
