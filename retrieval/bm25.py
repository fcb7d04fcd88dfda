"""BM25 over all that is written of each item (bm25s: Lù 2024; Robertson and Zaragoza 2009)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import bm25s
import numpy as np
import numpy.typing as npt

from retrieval.catalogue import texts_of
from retrieval.items import Item
from retrieval.segment import Segmenter

FloatArray = npt.NDArray[np.float32]

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to debug


class BM25:
    """Scores all items for any text. Built once for a catalogue; read-only after.

    `left_out`: for each item, the names of attributes that are no words of its own (lists of other items' titles).
    """

    def __init__(self, items: Sequence[Item], segmenter: Segmenter, left_out: Sequence[frozenset[str]]) -> None:
        self._segmenter = segmenter
        self._size = len(items)
        self._norms: dict[str, list[str]] = {}
        written = [
            [norm for text in _texts(item, out) for norm in self.norms(text)]
            for item, out in zip(items, left_out, strict=True)
        ]
        self._known = {norm for norms in written for norm in norms}
        self._index = bm25s.BM25()
        if self._known:
            self._index.index(written, show_progress=False)

    def norms(self, text: str) -> list[str]:
        """The normal forms of a text's content words; each text is cut once."""
        if text not in self._norms:
            self._norms[text] = self._segmenter.norms(text)
        return self._norms[text]

    def scores(self, texts: Sequence[str]) -> FloatArray:
        """[n] the BM25 score of each item for the words of some texts together; zeros where no item has any."""
        query = [norm for text in texts for norm in self.norms(text) if norm in self._known]
        if not query:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._index.get_scores(query), dtype=np.float32)


def _texts(item: Item, left_out: frozenset[str]) -> Iterator[str]:
    yield from (text for text in (item.title, item.category, item.brand, *item.tags, item.description) if text)
    for name, value in item.attributes.items():
        if name not in left_out:
            yield from texts_of(value)
    for words in item.i18n.values():
        yield from (text for text in (words.get("title", ""), words.get("description", "")) if text)
        yield from words.get("tags", ())
