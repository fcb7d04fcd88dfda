"""From the impression log to examples: a slate's parts, what was chosen of it, and where it stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from retrieval.score import ScoreWeights
from storage.judging import Act, JudgedSlate

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

PARTS = tuple(field.name for field in fields(ScoreWeights) if field.name != "bare")
"""The parts whose weights are learnt; a leaning on any field counts as `price`."""
POSITIONS = 6
"""Positions that are told apart; the last stands for all after it."""
MOST_OF_ONE = 20
"""Slates of one visitor that count: nobody outweighs the others."""
HELD_OUT = 0.3
GOOD = frozenset({"like", "click", "purchase"})
BAD = frozenset({"dislike", "hide"})
GOOD_STARS = 4


@dataclass(frozen=True, eq=False)
class Judged:
    """A slate of m items: `parts` [p, m] as scored, `positions` [m] from 0, `chosen` [c] indices, `who` it was for."""

    parts: FloatArray
    positions: IntArray
    chosen: IntArray
    who: str


def examples(slates: Sequence[JudgedSlate]) -> list[Judged]:
    """The slates from which something can be learnt: some of it was chosen and some not.

    Who both praised and turned down an item says nothing of it.
    """
    found: list[Judged] = []
    counted: Counter[str] = Counter()
    for slate in slates:
        good = {act.item_id for act in slate.acts if _is_good(act)}
        bad = {act.item_id for act in slate.acts if _is_bad(act)}
        chosen = [i for i, one in enumerate(slate.impressions) if one.item_id in good - bad]
        if not chosen or len(chosen) == len(slate.impressions) or counted[slate.who] >= MOST_OF_ONE:
            continue
        counted[slate.who] += 1
        parts = np.zeros((len(PARTS), len(slate.impressions)), dtype=np.float32)
        for i, one in enumerate(slate.impressions):
            for name, value in one.parts.items():
                parts[PARTS.index(name if name in PARTS else "price"), i] += value
        positions = np.minimum([one.rank - 1 for one in slate.impressions], POSITIONS - 1)
        found.append(Judged(parts, positions.astype(np.int64), np.asarray(chosen, dtype=np.int64), slate.who))
    return found


def halves(found: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """(learnt from, held out): whole visitors, by hash."""
    held = {one.who for one in found if blake2b(one.who.encode(), digest_size=2).digest()[0] < 256 * HELD_OUT}
    return [one for one in found if one.who not in held], [one for one in found if one.who in held]


def _is_good(act: Act) -> bool:
    return act.kind in GOOD or (act.kind == "rating" and act.value is not None and act.value >= GOOD_STARS)


def _is_bad(act: Act) -> bool:
    return act.kind in BAD or (act.kind == "rating" and act.value is not None and act.value < GOOD_STARS - 1)
