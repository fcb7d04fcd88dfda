"""Words of the catalogue: an inverted index over what is written of each item, with idf weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue
from retrieval.items import Item
from retrieval.segment import Segmenter

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

WordQuery = tuple[str, Sequence[tuple[str, str]], float]
"""A word that is looked for: its normal form, the facets (field, value) it stands for, and its weight."""

TITLE, STRONG, WEAK = 1.0, 0.85, 0.4
"""Weight of a word in the title; in category, brand, tags or attributes; in the description alone (as in BM25F)."""


class LexicalIndex:
    """Which items hold a word, and how telling the word is. Built once for a catalogue; read-only after.

    Words are the normal forms of `Segmenter`; facets are looked up in the catalogue's own lists, so that a
    value tagged in one language is found from the other.
    """

    def __init__(self, catalogue: Catalogue, segmenter: Segmenter) -> None:
        self._catalogue = catalogue
        self._size = len(catalogue.items)
        titles: dict[str, list[int]] = {}
        strong: dict[str, list[int]] = {}
        weak: dict[str, list[int]] = {}
        for position, item in enumerate(catalogue.items):
            named = {norm for text in _titles(item) for norm in segmenter.norms(text)}
            telling = named | {norm for text in _telling(item) for norm in segmenter.norms(text)}
            described = {norm for text in _descriptions(item) for norm in segmenter.norms(text)} - telling
            for lists, norms in ((titles, named), (strong, telling), (weak, described)):
                for norm in norms:
                    lists.setdefault(norm, []).append(position)
        self._titles, self._strong, self._weak = map(_frozen, (titles, strong, weak))

    def knows(self, norm: str) -> bool:
        """Whether any item holds the word."""
        return norm in self._strong or norm in self._weak

    def strong_positions(self, norm: str, facets: Iterable[tuple[str, str]] = ()) -> IntArray:
        """Items that hold the word outside the description, or have one of the facets (sorted positions)."""
        return np.union1d(self._holding(norm), self._with_facets(facets))

    def _with_facets(self, facets: Iterable[tuple[str, str]]) -> IntArray:
        found = [np.empty(0, dtype=np.int64)]
        found += [
            np.asarray(self._catalogue.facets.get(field, {}).get(value, ()), dtype=np.int64) for field, value in facets
        ]
        return np.unique(np.concatenate(found))

    def _holding(self, norm: str) -> IntArray:
        """Items with the word; with all the words of an English phrase."""
        none = np.empty(0, dtype=np.int64)
        if norm in self._strong or " " not in norm:
            return self._strong.get(norm, none)
        return reduce(np.intersect1d, (self._strong.get(word, none) for word in norm.split()))

    def presence(self, norm: str, facets: Iterable[tuple[str, str]] = ()) -> FloatArray:
        """[n] how much each item is about the word: TITLE, STRONG, WEAK or 0.

        Where the catalogue knows what the word means (facets), that counts: "kids" in a title alone is weak.
        """
        out = np.zeros(self._size, dtype=np.float32)
        meant = self._with_facets(facets)
        if norm in self._weak:
            out[self._weak[norm]] = WEAK
        out[self._holding(norm)] = WEAK if len(meant) else STRONG
        out[meant] = STRONG
        titled = self._titles.get(norm, meant[:0])
        out[np.intersect1d(titled, meant) if len(meant) else titled] = TITLE
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


def _frozen(lists: Mapping[str, list[int]]) -> dict[str, IntArray]:
    return {norm: np.asarray(places, dtype=np.int64) for norm, places in lists.items()}


def _titles(item: Item) -> list[str]:
    return [item.title, *(words["title"] for words in item.i18n.values() if words.get("title"))]


def _telling(item: Item) -> list[str]:
    texts = [item.category, item.brand, *item.tags, *_attribute_texts(item.attributes)]
    for words in item.i18n.values():
        texts += [words.get("category", ""), words.get("brand", ""), *words.get("tags", ())]
        texts += _attribute_texts(words.get("attributes", {}))
    return [text for text in texts if text]


def _descriptions(item: Item) -> list[str]:
    return [text for text in (item.description, *(w.get("description", "") for w in item.i18n.values())) if text]


def _attribute_texts(attributes: Mapping[str, object]) -> list[str]:
    texts: list[str] = []
    for value in attributes.values():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, tuple | list):
            texts += [text for text in value if isinstance(text, str)]
    return texts
