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
    liked: float = 0.35
    disliked: float = 0.5
    price: float = 0.3
    popular: float = 0.08
    fresh: float = 0.05


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


def evidence_part(similarities: FloatArray, strengths: FloatArray) -> FloatArray:
    """[m] pull of items the visitor judged: the strongest `strength · cosine` (cosine below 0 counts as 0).

    `similarities` [e, m] to the e judged items, `strengths` [e] in 0-1. With no evidence, zeros.
    """
    if not len(strengths):
        return np.zeros(similarities.shape[1], dtype=np.float32)
    pull: FloatArray = (np.maximum(similarities, 0) * strengths[:, None]).max(axis=0)
    return pull


def low_price_part(prices: FloatArray, reference: FloatArray) -> FloatArray:
    """[m] 1 for the cheapest of `reference` (prices of the same kind), 0 for the dearest or no price."""
    known = np.sort(reference[~np.isnan(reference)])
    if not len(known):
        return np.zeros(len(prices), dtype=np.float32)
    rank = np.searchsorted(known, prices) / max(len(known) - 1, 1)
    return np.where(np.isnan(prices), 0, np.maximum(1 - rank, 0)).astype(np.float32)


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
