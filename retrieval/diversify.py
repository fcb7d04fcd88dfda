"""From scored candidates to the few that are shown: relevant, and not all alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyversity

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def allocate(weights: Sequence[float], slots: int, floor: float = 0.5) -> list[int]:
    """Slots for each thread in proportion to its weight, by largest remainder (Hamilton's method).

    Threads below `floor` of the heaviest get none; the others at least one while slots last.
    """
    heaviest = max(weights, default=0.0)
    live = [w if w >= floor * heaviest and w > 0 else 0.0 for w in weights]
    total = sum(live)
    if not total:
        return [0] * len(weights)
    shares = [w / total * slots for w in live]
    given = [int(share) for share in shares]
    by_remainder = sorted(range(len(live)), key=lambda i: (given[i] > 0, given[i] - shares[i]))
    for i in [i for i in by_remainder if live[i]][: slots - sum(given)]:
        given[i] += 1
    return given


def pick(
    scores: FloatArray,
    vectors: FloatArray,
    slots: int,
    *,
    alternatives: Sequence[npt.NDArray[np.bool_]] = (),
    diversity: float = 0.3,
    relevance_floor: float = 0.6,
) -> IntArray:
    """Indices of at most `slots` candidates, best first.

    Each named kind (`alternatives`: masks [m]) gets its best candidate before any gets a second. The rest is
    chosen by maximal marginal relevance (Carbonell and Goldstein, 1998) among those whose score is at least
    `relevance_floor` of the best, over unit `vectors` [m, d].
    """
    if not len(scores) or slots <= 0:
        return np.empty(0, dtype=np.int64)
    chosen: list[int] = []
    for mask in alternatives:
        ranked = [i for i in np.argsort(-scores, kind="stable") if mask[i] and i not in chosen]
        if ranked and len(chosen) < slots:
            chosen.append(int(ranked[0]))
    if len(chosen) < slots:
        chosen += _marginal(scores, vectors, chosen, slots - len(chosen), diversity, relevance_floor)
    return np.asarray(sorted(chosen, key=lambda i: -scores[i]), dtype=np.int64)


def _marginal(
    scores: FloatArray, vectors: FloatArray, chosen: Sequence[int], slots: int, diversity: float, floor: float
) -> list[int]:
    best = float(scores.max())
    rest = np.asarray([i for i in range(len(scores)) if i not in set(chosen)], dtype=np.int64)
    good = rest[scores[rest] >= floor * best] if best > 0 else rest
    pool = good if len(good) >= slots else rest[np.argsort(-scores[rest], kind="stable")[:slots]]
    if not len(pool):
        return []
    scale = np.ptp(scores[pool]) or 1.0
    relevance = (scores[pool] - scores[pool].min()) / scale
    result = pyversity.diversify(
        vectors[pool], relevance, min(slots, len(pool)), strategy=pyversity.Strategy.MMR, diversity=diversity
    )
    return [int(pool[i]) for i in result.indices]
