"""How like another thing an item is, within a domain and across domains, and what the two have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bot.recommending.shelf import FloatArray, IntArray, Shelf
from errors import Lang
from retrieval.catalogue import Catalogue
from retrieval.items import Item
from retrieval.segment import HAN, fold

FAINT = 0.3
"""Below this, a likeness across domains is chance."""
MOST_NAMED = 2
"""So many of the things in common are named."""


def likeness(shelf: Shelf, positions: Sequence[int], places: IntArray) -> FloatArray:
    """[e, m] how like the items at `positions` [e] the items at `places` [m] are, 0-1.

    Within its domain: the centred cosine. Across domains, where a vector first of all says what kind of thing
    something is: the shared topics and the cosine less what each domain has in common. Nothing is like itself.
    """
    catalogue, own = shelf.catalogue, np.asarray(positions, dtype=np.int64)
    within = np.maximum(catalogue.centred[own] @ catalogue.centred[places].T, 0)
    meant = np.maximum(catalogue.apart(own) @ catalogue.apart(places).T, 0)
    topics = [shelf.lexical.topics.overlap_with(position, places) for position in positions]
    across = np.minimum(meant + np.reshape(topics, meant.shape), 1)
    same = catalogue.domain_codes[own][:, None] == catalogue.domain_codes[places]
    out = np.where(same, within, np.where(across >= FAINT, across, 0)).astype(np.float32)
    return np.where(own[:, None] == places, np.float32(0), out)


def in_common(catalogue: Catalogue, one: Item, other: Item, lang: Lang) -> tuple[str, ...]:
    """What two localised items share by category, tags and brand, the rarest in the catalogue first.

    A label counts if the other's is the same or holds it (科幻 and 科幻片). At most `MOST_NAMED`, in words that a
    visitor of the language reads.
    """
    found: dict[str, str] = {}
    for mine in _labels(one):
        for theirs in _labels(other):
            short, long = sorted((mine, theirs), key=len)
            readable = lang == "zh" or not HAN.search(short)
            if readable and _held(fold(short), fold(long)):
                found.setdefault(fold(short), short)
    ranked = sorted(found, key=lambda value: _count(catalogue, value))
    # 科幻 says nothing beside 硬科幻
    telling = [value for value in ranked if not any(value != other and value in other for other in found)]
    return tuple(found[value] for value in telling[:MOST_NAMED])


def _labels(item: Item) -> Iterator[str]:
    yield from (label for label in (item.category, item.brand, *item.tags) if len(label) > 1)


def _held(short: str, long: str) -> bool:
    if short == long:
        return True
    return short in long if HAN.search(short) else f" {short} " in f" {long} "


def _count(catalogue: Catalogue, value: str) -> int:
    return sum(len(catalogue.facets.get(field, {}).get(value, ())) for field in ("category", "brand", "tags"))
