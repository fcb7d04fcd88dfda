"""The score: a sum of named parts, so that the reason shown is the true reason.

All arrays run over the same candidates ([m]); nothing here knows where they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ScoreWeights:
    """What one unit of each part is worth. Similarities are cosines centred on the catalogue (about -0.3 to 0.8)."""

    interest: float = 1.0
    words: float = 0.9
    bare: float = 0.4
    """What is left of `interest` where no more than a domain was named: "a film" is near to no film in particular."""
    similar: float = 0.8
    """To an item that something similar was wished to."""
    liked: float = 0.35
    disliked: float = 0.5
    profile: float = 0.8
    """What the visitor went for in earlier sessions, whose threads weigh little."""
    price: float = 0.3
    """Low, or high, in price or in another number, where that was wished for."""
    popular: float = 0.08
    people: float = 0.2
    """What those who went for the same went for; shrunk, and nothing that fewer than three did."""
    fresh: float = 0.05
    explore: float = 0.1
    """Chance, on first slates."""


@dataclass(frozen=True)
class Scored:
    """Candidates with the parts of their score; `parts[name]` is [m], their sum is `total` [m]."""

    parts: Mapping[str, FloatArray]

    @property
    def total(self) -> FloatArray:
        """[m] the sum of the parts."""
        total: FloatArray = np.sum(list(self.parts.values()), axis=0, dtype=np.float32)
        return total

    def of(self, index: int) -> dict[str, float]:
        """One candidate's parts; those that are nothing are left out."""
        return {name: float(values[index]) for name, values in self.parts.items() if abs(values[index]) >= 5e-4}


def leaning_part(values: FloatArray, reference: FloatArray, *, high: bool = False) -> FloatArray:
    """[m] 1 for the lowest of `reference` (numbers of the same kind), 0 for the highest or none; the other way round
    for `high`.
    """
    known = np.sort(reference[~np.isnan(reference)])
    if not len(known):
        return np.zeros(len(values), dtype=np.float32)
    rank = np.searchsorted(known, values) / max(len(known) - 1, 1)
    share = np.clip(rank if high else 1 - rank, 0, 1)
    return np.where(np.isnan(values), 0, share).astype(np.float32)


def popularity(counts: FloatArray, prior: float = 3.0) -> FloatArray:
    """[n] log-damped approval in 0-1, shrunk so that one like does not make a star.

    `counts` [n]: weighted approvals less disapprovals, by everybody.
    """
    damped = np.log1p(np.maximum(counts, 0))
    share: FloatArray = (damped / (damped.max(initial=0) + np.log1p(prior))).astype(np.float32)
    return share


def freshness(age_days: FloatArray, half_life: float = 90.0) -> FloatArray:
    """[n] 1 for published today, halving every `half_life` days; 0 where the date is unknown (nan)."""
    return np.where(np.isnan(age_days), 0, 0.5 ** (np.nan_to_num(age_days) / half_life)).astype(np.float32)
