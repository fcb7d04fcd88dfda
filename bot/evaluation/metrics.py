"""What is measured of ranks and of lists: plain functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DRAWS = 1000


def recall_at(ranks: IntArray, k: int) -> float:
    """The share of targets with a rank [t] (from 1) of `k` or better; 0 for no targets."""
    return float(np.mean(ranks <= k)) if len(ranks) else 0.0


def mrr_at(ranks: IntArray, k: int) -> float:
    """The mean of 1 / rank over targets [t], 0 beyond `k`."""
    return float(np.mean(np.where(ranks <= k, 1 / ranks, 0))) if len(ranks) else 0.0


def ndcg_at(ranks: Sequence[int], k: int) -> float:
    """Of one turn: its targets' discounted gain over the greatest possible (Järvelin and Kekäläinen 2002)."""
    if not len(ranks):
        return 0.0
    gain = sum(1 / np.log2(rank + 1) for rank in ranks if rank <= k)
    best = sum(1 / np.log2(i + 2) for i in range(min(len(ranks), k)))
    return float(gain / best)


def coverage(lists: IntArray, size: int) -> float:
    """The share of a catalogue of `size` items that any list [l, k] shows; -1 in a list is no item."""
    return len(np.unique(lists[lists >= 0])) / size if size else 0.0


def diversity(vectors: npt.NDArray[np.float32]) -> float:
    """Intra-list diversity: the mean of 1 - cosine over pairs of a list's unit vectors [k, d]; 0 for fewer than two."""
    k = len(vectors)
    if k < 2:
        return 0.0
    near = vectors @ vectors.T
    return float(1 - (near.sum() - np.trace(near)) / (k * (k - 1)))


def novelty(chances: FloatArray) -> float:
    """The mean of -log2 of how often each item of a list [k] is put forward (Zhou et al. 2010)."""
    return float(np.mean(-np.log2(chances))) if len(chances) else 0.0


def interval(
    values: FloatArray,
    groups: IntArray,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of values [v], drawn by `groups` [v] (dialogues), which hang together."""
    if not len(values):
        return 0.0, 0.0
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, weights=values)
    sizes = np.bincount(group)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
