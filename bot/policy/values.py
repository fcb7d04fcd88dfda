"""What items can be told apart by in words (kind, brand, tags, attributes), as arrays, for one language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from errors import Lang
from retrieval.catalogue import texts_of
from retrieval.items import Item
from retrieval.segment import HAN, fold

IntArray = npt.NDArray[np.int64]

LONGEST: dict[Lang, int] = {"zh": 8, "en": 24}
"""Characters of a value that still read as something to tap."""
NOT_ONE_THING = frozenset("，,、;；()（）/")


@dataclass(frozen=True, eq=False)
class Values:
    """The values of n items. Item i has `codes[starts[i]:starts[i + 1]]`; a code's field and text are at its place.

    `starts` [n + 1]; only values that are short, one thing and readable in the language are in it.
    """

    starts: IntArray
    codes: IntArray
    fields: tuple[str, ...]
    texts: tuple[str, ...]

    def among(self, positions: IntArray, least: int) -> Iterator[tuple[str, str, IntArray]]:
        """(field, text, places in `positions`) of each value that at least so many of the items have."""
        lengths = self.starts[positions + 1] - self.starts[positions]
        ends = np.cumsum(lengths)
        within = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)
        codes = self.codes[np.repeat(self.starts[positions], lengths) + within]
        places = np.repeat(np.arange(len(positions)), lengths)
        order = np.argsort(codes, kind="stable")
        found, firsts, counts = np.unique(codes[order], return_index=True, return_counts=True)
        for i in np.flatnonzero(counts >= least):
            code = int(found[i])
            yield self.fields[code], self.texts[code], places[order[firsts[i] : firsts[i] + counts[i]]]


def values_of(items: Sequence[Item], lang: Lang) -> Values:
    """The values of the items as a visitor of the language reads them; spellings of one value are one."""
    known: dict[tuple[str, str], int] = {}
    fields: list[str] = []
    texts: list[str] = []
    codes: list[int] = []
    starts = [0]
    for item in items:
        mine: dict[int, None] = {}
        for field, text in _told(item, lang):
            key = field, fold(text)
            if key not in known:
                known[key] = len(fields)
                fields.append(field)
                texts.append(text)
            mine[known[key]] = None
        codes += mine
        starts.append(len(codes))
    return Values(np.asarray(starts, dtype=np.int64), np.asarray(codes, dtype=np.int64), tuple(fields), tuple(texts))


def _told(item: Item, lang: Lang) -> Iterator[tuple[str, str]]:
    words = item.i18n.get(lang, {})
    told: dict[str, Any] = {name: words.get(name, getattr(item, name)) for name in ("category", "brand", "tags")}
    attributes = {**item.attributes, **words.get("attributes", {})}
    told |= {f"attributes.{name}": value for name, value in attributes.items()}
    for field, value in told.items():
        for text in texts_of(value):
            if _can_be_tapped(text, lang):
                yield field, text


def _can_be_tapped(text: str, lang: Lang) -> bool:
    chinese = bool(HAN.search(text))
    if lang == "en" and chinese:
        return False
    return 0 < len(text) <= LONGEST["zh" if chinese else "en"] and not NOT_ONE_THING & set(text)
