"""Words of the catalogue: an inverted index over what is written of each item, with idf weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue, texts_of
from retrieval.items import Item
from retrieval.segment import Segmenter, fold
from retrieval.topics import Topics

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

WordQuery = tuple[str, Sequence[tuple[str, str]], float]
"""A word that is looked for: its normal form, the facets (field, value) it stands for, and its weight."""

NOWHERE: IntArray = np.empty(0, dtype=np.int64)
TITLE, STRONG, WEAK = 1.0, 0.85, 0.4
"""Weight of a word in the title; in category, brand, tags or attributes; in the description alone (as in BM25F)."""


class LexicalIndex:
    """Which items hold a word, and how telling the word is. Built once for a catalogue; read-only after.

    Words are the normal forms of `Segmenter`; facets are looked up in the catalogue's own lists, so that a
    value tagged in one language is found from the other. `topics`: what the items have in common.
    """

    def __init__(self, catalogue: Catalogue, segmenter: Segmenter) -> None:
        self._catalogue = catalogue
        self._size = len(catalogue.items)
        self.topics = Topics(catalogue, segmenter)
        norms = _Norms(segmenter)
        titles: dict[str, list[int]] = {}
        labels: dict[str, list[int]] = {}
        strong: dict[str, list[int]] = {}
        weak: dict[str, list[int]] = {}
        for position, item in enumerate(catalogue.items):
            named = norms.of(_titles(item), often=False)
            labelled = norms.of(_labels(item))
            telling = named | labelled | norms.of(_details(item))
            described = norms.of(_descriptions(item), often=False) - telling
            for lists, found in ((titles, named), (labels, labelled), (strong, telling), (weak, described)):
                for norm in found:
                    lists.setdefault(norm, []).append(position)
        self._entitled = _entitled(catalogue)
        self._titles, self._labels, self._strong, self._weak = map(_frozen, (titles, labels, strong, weak))

    def knows(self, norm: str) -> bool:
        """Whether any item holds the word."""
        return norm in self._strong or norm in self._weak

    def titled(self, norm: str) -> IntArray:
        """Items with the word in their title (sorted positions)."""
        return self._titles.get(norm, NOWHERE)

    def strong(self, norm: str, facets: Iterable[tuple[str, str]] = ()) -> BoolArray:
        """[n] which items hold the word outside the description, or have one of the facets."""
        out = self.meant(facets)
        out[self._holding(norm)] = True
        return out

    def strong_positions(self, norm: str, facets: Iterable[tuple[str, str]] = ()) -> IntArray:
        """The same as sorted positions."""
        return np.flatnonzero(self.strong(norm, facets))

    def is_about(self, position: int, norm: str, facets: Iterable[tuple[str, str]] = ()) -> bool:
        """The same for one item."""
        lists = [self._facet(facet) for facet in facets]
        return any(holds(list_, position) for list_ in (self._holding(norm), *lists))

    def _facet(self, facet: tuple[str, str]) -> IntArray:
        field, value = facet
        if field == "title":
            return self._entitled.get(value, NOWHERE)
        return self._catalogue.facets.get(field, {}).get(value, NOWHERE)

    def meant(self, facets: Iterable[tuple[str, str]]) -> BoolArray:
        """[n] which items have one of the facets; for a title, which are called so."""
        out = np.zeros(self._size, dtype=np.bool_)
        for facet in facets:
            out[self._facet(facet)] = True
        return out

    def _holding(self, norm: str) -> IntArray:
        """Items with the word; with all the words of an English phrase."""
        if norm in self._strong or " " not in norm:
            return self._strong.get(norm, NOWHERE)
        return reduce(np.intersect1d, (self._strong.get(word, NOWHERE) for word in norm.split()))

    def presence(self, norm: str, facets: Iterable[tuple[str, str]] = ()) -> FloatArray:
        """[n] how much each item is about the word: TITLE, STRONG, WEAK or 0.

        Where the catalogue knows what the word means (facets), that counts, and so does being part of a category
        or tag (科幻 in 科幻片): "kids" in a title alone is weak.
        """
        out = np.zeros(self._size, dtype=np.float32)
        meant = self.meant(facets)
        known = bool(meant.any())
        titled = self.titled(norm)
        out[self._weak.get(norm, NOWHERE)] = WEAK
        out[self._holding(norm)] = WEAK if known else STRONG
        if known:
            out[self._labels.get(norm, NOWHERE)] = STRONG
            out[meant] = STRONG
            titled = titled[meant[titled]]
        out[titled] = TITLE
        return out

    def idf(self, presence: FloatArray) -> float:
        """How telling a word with this presence is: log((1 + n) / (1 + df)), the smoothed idf."""
        return float(np.log((1 + self._size) / (1 + np.count_nonzero(presence))))

    def match(
        self,
        words: Sequence[WordQuery],
        alternatives: Sequence[WordQuery] = (),
    ) -> FloatArray:
        """[n] share of the wish's words that each item meets, weighted by idf and by the words' own weights (0-1).

        `words`: all wished for. `alternatives`: kinds of which one item can be only one
        (T-shirt or jeans); the best met counts for the group.
        """
        total = np.zeros(self._size, dtype=np.float32)
        weights = 0.0
        for norm, facets, weight in words:
            presence = self.presence(norm, facets)
            value = weight * self.idf(presence)
            total += value * presence
            weights += value
        if alternatives:
            heaviest = max(weight for _, _, weight in alternatives)
            presences = [(self.presence(norm, facets), weight / heaviest) for norm, facets, weight in alternatives]
            value = heaviest * max(self.idf(presence) for presence, _ in presences)
            total += value * np.max([presence * share for presence, share in presences], axis=0)
            weights += value
        return total / weights if weights > 0 else total


def holds(positions: IntArray, position: int) -> bool:
    """Whether a position is among sorted ones."""
    place = int(np.searchsorted(positions, position))
    return place < len(positions) and int(positions[place]) == position


class _Norms:
    """The normal forms of texts; those that many items share (tags, categories) are cut once."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._known: dict[str, list[str]] = {}

    def of(self, texts: Iterable[str], *, often: bool = True) -> set[str]:
        found: set[str] = set()
        for text in texts:
            if often and text not in self._known:
                self._known[text] = self._segmenter.norms(text)
            found.update(self._known[text] if often else self._segmenter.norms(text))
        return found


def _frozen(lists: Mapping[str, list[int]]) -> dict[str, IntArray]:
    return {norm: np.asarray(places, dtype=np.int64) for norm, places in lists.items()}


def _entitled(catalogue: Catalogue) -> dict[str, IntArray]:
    """The items with a title, by the whole title, folded, in any of their languages."""
    found: dict[str, list[int]] = {}
    for position, item in enumerate(catalogue.items):
        for title in {fold(title) for title in _titles(item)}:
            found.setdefault(title, []).append(position)
    return _frozen(found)


def _titles(item: Item) -> list[str]:
    return [item.title, *(words["title"] for words in item.i18n.values() if words.get("title"))]


def _labels(item: Item) -> list[str]:
    """Category and tags."""
    texts = [item.category, *item.tags]
    for words in item.i18n.values():
        texts += [words.get("category", ""), *words.get("tags", ())]
    return [text for text in texts if text]


def _details(item: Item) -> list[str]:
    """Brand and attributes."""
    texts = [item.brand, *_attribute_texts(item.attributes)]
    for words in item.i18n.values():
        texts += [words.get("brand", ""), *_attribute_texts(words.get("attributes", {}))]
    return [text for text in texts if text]


def _descriptions(item: Item) -> list[str]:
    return [text for text in (item.description, *(w.get("description", "") for w in item.i18n.values())) if text]


def _attribute_texts(attributes: Mapping[str, object]) -> list[str]:
    return [text for value in attributes.values() for text in texts_of(value)]
