"""How closely a line keeps to the words of its source.

A small model goes wrong where it joins words that nothing joined before: "lent on the leg of a chair". So its lines may
make few joins of their own; a larger model needs no such rein.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from errors import Lang
from retrieval.segment import fold

Join = tuple[str, str]
"""Two neighbours in a clause: characters in Chinese, words in English; numbers are words."""

UNIT: Mapping[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"[\u4e00-\u9fff]|[a-z0-9.]+"),
    "en": re.compile(r"[a-z0-9'\u4e00-\u9fff]+"),
}
CLAUSE = re.compile(r"[，。；：、！？,;:!?“”《》|/\n]|\.(?!\d)")
FREE = 1
SHARE: Mapping[Lang, float] = {"zh": 0.07, "en": 0.12}
"""Joins of its own that a line may make: so many, and this share of all its joins.

Set by reading 208 lines of the embedded model, of which two readers had found more than four in ten embarrassing; 83 of
these keep to it.
"""


def joins(texts: Iterable[str], lang: Lang) -> frozenset[Join]:
    """All joins of some texts."""
    return frozenset(pair for text in texts for pair in _joins(text, lang))


def is_loose(line: str, known: Collection[Join], lang: Lang) -> bool:
    """Whether a line makes more joins of its own than it may. `known`: the joins of its source."""
    made = list(_joins(line, lang))
    return sum(pair not in known for pair in made) > FREE + SHARE[lang] * len(made)


def _joins(text: str, lang: Lang) -> Iterator[Join]:
    for clause in CLAUSE.split(fold(text)):
        yield from pairwise(UNIT[lang].findall(clause))
