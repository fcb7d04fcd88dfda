"""The catalogue's values as running text names them, which items have them, and which items list each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import texts_of
from retrieval.items import Item
from retrieval.segment import HAN, fold

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

LONGEST_HAN = 12
"""Characters of a Chinese value that is looked for."""
LONGEST_WORDS = 6
"""Words of an English one."""
LINKS = 0.5
"""An attribute with at least this share of other items' titles lists items (what is near, what it belongs to)."""
WORD = re.compile(r"[a-z0-9][a-z0-9'’.&-]*")


class Values:
    """Which items have which values. Built once for a catalogue; read-only after.

    Attributes:
        links: for each item, attribute name → positions of the items that it lists.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        titles: defaultdict[str, list[int]] = defaultdict(list)
        for position, item in enumerate(items):
            titles[fold(item.title)].append(position)
        self.links = [_links(position, item, titles) for position, item in enumerate(items)]
        having: defaultdict[str, set[int]] = defaultdict(set)
        for position, item in enumerate(items):
            for value in _values(item, self.links[position]):
                having[value].add(position)
        self._size = len(items)
        self._having: Mapping[str, IntArray] = {
            value: np.asarray(sorted(places), dtype=np.int64) for value, places in having.items()
        }
        self._of: list[list[str]] = [[] for _ in items]
        squares = np.zeros(len(items))
        for value, places in self._having.items():
            squares[places] += self.telling(value) ** 2
            for position in places.tolist():
                self._of[position].append(value)
        self._norm: FloatArray = (np.sqrt(squares) + 1e-6).astype(np.float32)

    def telling(self, value: str) -> float:
        """How much a value tells: its smoothed idf."""
        return float(np.log((self._size + 1) / (len(self._having[value]) + 1)))

    def named(self, text: str) -> set[str]:
        """The values that a text names, of nested ones the longest; whole words only in English."""
        folded = fold(text)
        found: set[str] = set()
        if HAN.search(folded):
            spans = (
                folded[i:j] for i in range(len(folded)) for j in range(i + 2, min(len(folded), i + LONGEST_HAN) + 1)
            )
            found.update(span for span in spans if span in self._having)
        words = WORD.findall(folded)
        for i in range(len(words)):
            for j in range(i + 1, min(len(words), i + LONGEST_WORDS) + 1):
                run = " ".join(words[i:j])
                found.update(v for v in (run, run.rstrip(".'")) if len(v) > 2 and v in self._having)
        return {value for value in found if not any(value != other and value in other for other in found)}

    def having(self, weights: Mapping[str, float]) -> FloatArray:
        """[n] the sum, over the values that an item has, of weight · idf."""
        total = np.zeros(self._size, dtype=np.float32)
        for value, weight in weights.items():
            total[self._having[value]] += np.float32(weight * self.telling(value))
        return total

    def shared(self, positions: Mapping[int, float]) -> FloatArray:
        """[n] what each item has in common with weighted others: the weighted sum of idf-cosines of their values."""
        profile: defaultdict[str, float] = defaultdict(float)
        for position, weight in positions.items():
            for value in self._of[position]:
                profile[value] += weight * self.telling(value) / float(self._norm[position])
        shared: FloatArray = self.having(profile) / self._norm
        return shared


def _links(position: int, item: Item, titles: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, value in item.attributes.items():
        if not isinstance(value, tuple) or not value:
            continue
        places = [titles[fold(text)] for text in value if fold(text) in titles]
        if len(places) >= LINKS * len(value):
            found[name] = [other for several in places for other in several if other != position]
    return found


def _values(item: Item, links: Mapping[str, object]) -> Iterable[str]:
    texts = [item.category, item.brand, *item.tags]
    for name, value in item.attributes.items():
        if name not in links:
            texts += texts_of(value)
    return {fold(text) for text in texts if text}
