"""What those with similar likes went for: item to item, from what visitors did, with shrinkage, a floor and a bound."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.associations import Associations

FloatArray = npt.NDArray[np.float32]

FEWEST = 3
"""Visitors who must have gone for both of two items before that says anything: nobody moves another's cards alone."""
MOST_OF_ONE = 50
"""Items of one visitor that count, the latest; who likes everything says little."""
PRIOR = 10.0
FULL = 3.0
"""A lift (natural log) from which on an item counts fully."""


class People:
    """Which items go together. `liked`: for each visitor, the positions approved of, in order; `size`: n items."""

    def __init__(self, liked: Sequence[Collection[int]], size: int) -> None:
        own = [set(list(dict.fromkeys(found))[-MOST_OF_ONE:]) for found in liked]
        pairs = [{(a, b) for a in found for b in found if a != b} for found in own]
        self._together = Associations([found for found in pairs if found], size)

    def fit(self, liked: Mapping[int, float]) -> FloatArray:
        """[n] 0-1: how much more those who went for the `liked` positions (with strengths) went for each item."""
        known = {position: strength for position, strength in liked.items() if self._together.seen(position)}
        if not known:
            return np.zeros(len(self._together.chosen), dtype=np.float32)
        # For each liked item by itself: three liked items of one visitor are not three visitors.
        most = np.max([self._together.together({position: 1.0}) for position in known], axis=0)
        lift = self._together.lift(known, PRIOR)
        fit: FloatArray = np.where(most >= FEWEST, np.clip(lift / FULL, 0, 1), 0).astype(np.float32)
        return fit
