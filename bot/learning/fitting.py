"""Fitting the parts' weights, position bias apart, and whether they are better on what was held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.evaluation.metrics import interval
from bot.evaluation.ranker import Example, fit
from bot.learning.examples import PARTS, POSITIONS, Judged

FloatArray = npt.NDArray[np.float32]

FEWEST = 50
"""Slates to learn from, and half as many held out: with fewer nothing is said."""
LEAST_SEEN = 0.1
"""No position counts as seen less than this: the weights of inverse propensities stay bounded."""
RANGE = (0.0, 5.0)
"""A part may be dropped or count five times as much; none is turned round."""


@dataclass(frozen=True)
class Fitted:
    """What was found. `factors` [p]: of `PARTS`; `before`, `after`: held-out NDCG@10; `gain`: its 95 % interval."""

    factors: tuple[float, ...]
    before: float
    after: float
    gain: tuple[float, float]
    learnt_from: int
    held_out: int

    @property
    def better(self) -> bool:
        """Whether the interval of the gain lies above 0."""
        return self.gain[0] > 0


def fitted(train: Sequence[Judged], held_out: Sequence[Judged], pull: float = 0.01) -> Fitted:
    """Factors on the parts under which what was chosen is likely, given where it stood.

    A multinomial logit with a part for each position, which is left out when ranking (position as a feature: Guo et
    al., PAL, RecSys 2019). The held-out gain of a choice counts by the inverse of how often its position is looked at
    (Joachims et al., Unbiased Learning-to-Rank with Biased Feedback, WSDM 2017), estimated from the same positions.
    """
    rows = [
        Example(np.concatenate([one.parts, np.eye(POSITIONS, dtype=np.float32)[:, one.positions]]), one.chosen)
        for one in train
    ]
    start = np.concatenate([np.ones(len(PARTS)), np.zeros(POSITIONS)]).astype(np.float32)
    found = fit(rows, start, pull=pull, steps=200)
    factors = np.clip(found[: len(PARTS)], *RANGE).astype(np.float32)
    seen = np.exp(found[len(PARTS) :] - found[len(PARTS) :].max())
    before, weights = _gains(held_out, np.ones(len(PARTS), dtype=np.float32), seen)
    after, _ = _gains(held_out, factors, seen)
    who = np.unique([one.who for one in held_out], return_inverse=True)[1]
    mean = float(weights.mean()) if len(weights) else 1.0
    return Fitted(
        tuple(float(factor) for factor in factors),
        float(before.mean() / mean) if len(before) else 0.0,
        float(after.mean() / mean) if len(after) else 0.0,
        interval(((after - before) / mean).astype(np.float64), who.astype(np.int64)),
        len(train),
        len(held_out),
    )


def _gains(judged: Sequence[Judged], factors: FloatArray, seen: FloatArray) -> tuple[FloatArray, FloatArray]:
    """([s] NDCG@10 of each slate, ranked anew, weighted by inverse propensity; [s] the weights)."""
    gains, weights = [], []
    for one in judged:
        # Equals are ranked in the middle of their run: neither order is anybody's merit.
        scores = factors @ one.parts
        ranks = 1 + (scores[None, :] > scores[:, None]).sum(axis=1)
        ranks = ranks + ((scores[None, :] == scores[:, None]).sum(axis=1) - 1) / 2
        worth = 1 / np.maximum(seen[one.positions[one.chosen]], LEAST_SEEN)
        gained = worth * np.where(ranks[one.chosen] <= 10, 1 / np.log2(ranks[one.chosen] + 1), 0)
        best = 1 / np.log2(np.arange(len(one.chosen)) + 2)
        gains.append(float(gained.sum() / best.sum()))
        weights.append(float((worth * best).sum() / best.sum()))
    return np.asarray(gains, dtype=np.float32), np.asarray(weights, dtype=np.float32)
