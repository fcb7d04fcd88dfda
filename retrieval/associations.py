"""Who chose what after what: how often an item came with a cue (another item, a word that was said) in one session.

Counts are shrunk: a cue that was seen rarely says little beyond what is chosen anyway.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

Pair = tuple[Hashable, int]
"""A cue and the position of an item that came with it."""

UNSEEN = 0.5
"""How often an item that was never chosen counts as chosen."""


class Associations:
    """Counts over sessions, each session once for a pair. Built once; read-only after.

    `sessions`: the pairs of each; `size`: n, the number of items.
    """

    def __init__(self, sessions: Sequence[Iterable[Pair]], size: int) -> None:
        self._sessions = [frozenset(pairs) for pairs in sessions]
        counts: defaultdict[Hashable, Counter[int]] = defaultdict(Counter)
        self.chosen = np.zeros(size, dtype=np.float32)
        for pairs in self._sessions:
            for cue, item in pairs:
                counts[cue][item] += 1
            for item in {item for _, item in pairs}:
                self.chosen[item] += 1
        self._counts: dict[Hashable, tuple[IntArray, FloatArray]] = {
            cue: (np.fromiter(found, np.int64, len(found)), np.fromiter(found.values(), np.float32, len(found)))
            for cue, found in counts.items()
        }

    def popularity(self, without: int | None = None) -> FloatArray:
        """[n] in how many sessions each item was chosen; `without`: a session that is left out."""
        counts = self.chosen.copy()
        if without is not None:
            counts[list({item for _, item in self._sessions[without]})] -= 1
        return counts

    def together(self, cues: Mapping[Any, float], without: int | None = None) -> FloatArray:
        """[n] the weighted sum, over the cues, of the sessions in which each item came with the cue."""
        total = np.zeros(len(self.chosen), dtype=np.float32)
        own: frozenset[Pair] = self._sessions[without] if without is not None else frozenset()
        for cue, weight in cues.items():
            if cue in self._counts:
                places, counts = self._counts[cue]
                total[places] += np.float32(weight) * counts
        for cue, item in own:
            if cue in cues:
                total[item] -= np.float32(cues[cue])
        return np.maximum(total, 0)

    def seen(self, cue: Hashable, without: int | None = None) -> float:
        """How many choices came with a cue."""
        total = float(self._counts[cue][1].sum()) if cue in self._counts else 0.0
        if without is not None and total:
            total -= sum(1 for other, _ in self._sessions[without] if other == cue)
        return total

    def lift(self, cues: Mapping[Any, float], prior: float, without: int | None = None) -> FloatArray:
        """[n] log of how much likelier each item is with the cues than it is anyway, 0 for what is not known.

        The cues' counts together, with `prior` choices' worth of doubt (Dirichlet smoothing, Zhai and Lafferty 2004).
        """
        anyway = self.popularity(without) + UNSEEN
        anyway /= anyway.sum()
        together = self.together(cues, without)
        total = together.sum()
        lift: FloatArray = np.log((together + prior * anyway) / ((total + prior) * anyway)).astype(np.float32)
        return lift
