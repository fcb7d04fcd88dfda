"""The little statistics that the console shows: shares with their intervals, agreement, quantiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

Z95 = 1.959964


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with the interval in which the true share lies in 95 of 100 cases. All 0-1."""

    hits: int
    total: int
    value: float
    low: float
    high: float


def share(hits: int, total: int, z: float = Z95) -> Share:
    """A share with its score interval (Wilson, 1927), which holds for few cases and for shares near 0 or 1, too."""
    if not total:
        return Share(0, 0, 0.0, 0.0, 1.0)
    p = hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return Share(hits, total, p, max(0.0, middle - half), min(1.0, middle + half))


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Two reviewers' agreement beyond chance (Cohen, 1960): 1 always, 0 as by chance. None where it has no meaning:
    no pairs, or both always said the same one thing."""
    if not pairs:
        return None
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[value] * second[value] for value in first) / (n * n)
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def quantile(ordered: Sequence[float], q: float) -> float:
    """The smallest value that at least a share `q` of them does not exceed. `ordered`: not empty."""
    return ordered[max(0, ceil(q * len(ordered)) - 1)]
