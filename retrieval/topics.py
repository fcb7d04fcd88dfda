"""What items are about, whatever kind of thing they are: the bridge from a book to a film."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, Segmenter, phrase_norm

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

FIELD_WEIGHT: Mapping[str, float] = {"category": 1.0, "tags": 1.0, "brand": 1.0}
"""How much a shared value of a field says; attributes (language, colour …) are shared by things that are unlike."""
ATTRIBUTE_WEIGHT = 0.3
TOO_COMMON = 0.34
"""A topic that more than this share of the items have says nothing."""


class Topics:
    """Which items share which topics. Built once for a catalogue; read-only after.

    A topic is a value of the catalogue (of category, tags, brand or a text attribute, in any language), whatever
    the field: a book tagged 科幻 and a film filed under 科幻片 have one in common, since a value also holds the
    values that are words of it.
    """

    def __init__(self, catalogue: Catalogue, segmenter: Segmenter) -> None:
        size = len(catalogue.items)
        places, weights = _values(catalogue, segmenter)
        held: dict[str, list[IntArray]] = {}
        for norm, lists in places.items():
            for part in _parts(norm, segmenter):
                if part == norm or part in places:
                    held.setdefault(part, []).extend(lists)
        merged = {norm: np.unique(np.concatenate(lists)) for norm, lists in held.items()}
        merged = {norm: positions for norm, positions in merged.items() if 1 < len(positions) <= _limit(size)}
        self._holders = list(merged.values())
        idf = [np.log((1 + size) / (1 + len(positions))) * weights[norm] for norm, positions in merged.items()]
        self._weights = np.asarray(idf, dtype=np.float32)
        self._sums = np.zeros(size, dtype=np.float32)
        for weight, positions in zip(self._weights, self._holders, strict=True):
            self._sums[positions] += weight
        self._starts, self._topics = _by_item(self._holders, size)

    def overlap(self, position: int) -> FloatArray:
        """[n] the weight of the topics shared with the item at `position` over the mean of both items' (0-1).

        The weights are idf, the mean is the geometric one (Ochiai's coefficient).
        """
        shared = np.zeros(len(self._sums), dtype=np.float32)
        for topic in self._of(position):
            shared[self._holders[topic]] += self._weights[topic]
        return self._share(shared, self._sums, position)

    def overlap_with(self, position: int, places: IntArray) -> FloatArray:
        """[m] the same with the items at `places` only."""
        worth = np.zeros(len(self._weights), dtype=np.float32)
        own = self._of(position)
        worth[own] = self._weights[own]
        starts, lengths = self._starts[places], self._starts[places + 1] - self._starts[places]
        rows = np.repeat(np.arange(len(places)), lengths)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        topics = self._topics[np.repeat(starts, lengths) + within]
        shared = np.bincount(rows, weights=worth[topics], minlength=len(places)).astype(np.float32)
        return self._share(shared, self._sums[places], position)

    def _of(self, position: int) -> IntArray:
        return self._topics[self._starts[position] : self._starts[position + 1]]

    def _share(self, shared: FloatArray, sums: FloatArray, position: int) -> FloatArray:
        share: FloatArray = shared / np.maximum(np.sqrt(sums * self._sums[position]), np.float32(1e-6))
        return share


def _limit(size: int) -> float:
    return max(TOO_COMMON * size, 3)


def _values(catalogue: Catalogue, segmenter: Segmenter) -> tuple[dict[str, list[IntArray]], dict[str, float]]:
    """The positions of each value's normal form, and how much it says."""
    places: dict[str, list[IntArray]] = {}
    weights: dict[str, float] = {}
    for field, values in catalogue.facets.items():
        if field == "domain" or values.keys() <= {"true", "false"}:
            continue
        weight = FIELD_WEIGHT.get(field, ATTRIBUTE_WEIGHT)
        for value, positions in values.items():
            norm = phrase_norm(segmenter.tokens(value))
            if norm:
                places.setdefault(norm, []).append(positions)
                weights[norm] = max(weights.get(norm, 0.0), weight)
    return places, weights


def _parts(norm: str, segmenter: Segmenter) -> Iterator[str]:
    """A value's normal form, and the runs of words in it (科幻片: 科幻; sci fi film: sci fi)."""
    yield norm
    words = norm.split(" ")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + (start > 0)):
            yield " ".join(words[start:end])
    if HAN.search(norm):
        yield from (part for part in segmenter.norms(norm) if part != norm)


def _by_item(holders: Sequence[IntArray], size: int) -> tuple[IntArray, IntArray]:
    """The topics of each item: those of item i are topics[starts[i] : starts[i + 1]]."""
    items = np.concatenate([np.empty(0, dtype=np.int64), *holders])
    topics = np.repeat(np.arange(len(holders)), [len(positions) for positions in holders])
    order = np.argsort(items, kind="stable")
    starts = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(items, minlength=size), out=starts[1:])
    return starts, topics[order].astype(np.int64)
