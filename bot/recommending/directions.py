"""First slates: nothing was said yet, or the choice was left open. Different directions, liked by others or new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.recommending.shelf import BoolArray, FloatArray, IntArray, Shelf
from retrieval import candidates

FEWEST = 30
"""Candidates of a domain, where there are as many."""
POOL = 400
"""Candidates of all domains together."""
MOST_DOMAINS = 40
"""Domains that are looked into; of more, some are drawn."""
MOST_LEADS = 3
"""So many of the liked items bring candidates of their own."""
LIKE_WHAT_WAS_LIKED = 60
"""Candidates near to each liked item."""


def pool(
    shelf: Shelf, mask: BoolArray, worth: FloatArray, liked: Sequence[tuple[int, float]], random: np.random.Generator
) -> IntArray:
    """Sorted positions to choose from: the best of each domain by `worth` [n], and what is like something liked."""
    codes = np.flatnonzero(np.bincount(shelf.catalogue.domain_codes[mask], minlength=1))
    if len(codes) > MOST_DOMAINS:
        codes = random.choice(codes, MOST_DOMAINS, replace=False)
    each = max(FEWEST, POOL // max(len(codes), 1))
    found = [np.empty(0, dtype=np.int64)]
    for code in codes:
        places = np.flatnonzero(mask & (shelf.catalogue.domain_codes == code))
        found.append(places[candidates.top(worth[places], each)])
    for position, _ in liked[:MOST_LEADS]:
        catalogue = shelf.catalogue
        near = candidates.dense(catalogue, shelf.index, catalogue.centred[position], mask, LIKE_WHAT_WAS_LIKED)
        shared = candidates.lexical(shelf.lexical.topics.overlap(position), mask, LIKE_WHAT_WAS_LIKED)
        found += [near, shared]
    return np.unique(np.concatenate(found))


def spread(total: FloatArray, keys: Sequence[Sequence[object]], size: int, taken: Sequence[int] = ()) -> list[int]:
    """Indices of `size` candidates, the best first: each in a direction of its own while there is one.

    `total` [m]; `keys`: ways to tell directions apart ([m] each: domain, then category), the coarsest first.
    `taken`: chosen already.
    """
    chosen = list(taken)
    order = [int(i) for i in np.argsort(-total, kind="stable")]
    for key in keys:
        seen = {key[i] for i in chosen}
        for i in order:
            if len(chosen) == size:
                break
            if i not in chosen and key[i] not in seen:
                chosen.append(i)
                seen.add(key[i])
    chosen += [i for i in order if i not in chosen][: size - len(chosen)]
    return chosen
