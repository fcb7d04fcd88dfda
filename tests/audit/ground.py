"""What a line may say: the texts and numbers of its request, and the names in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import permutations
from unicodedata import normalize

from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from retrieval.items import Item

from .quantities import YEAR, Quantity, quantities, unit_of


@dataclass(frozen=True)
class Names:
    """The titles and makers of a catalogue, in every language."""

    titles: frozenset[str]
    brands: frozenset[str]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Names:
        """Those of the items."""
        known = [(item, item.localized(lang)) for item in items for lang in ("zh", "en")]
        both = [one for pair in known for one in pair]
        return cls(frozenset(i.title for i in both), frozenset(i.brand for i in both if i.brand))


@dataclass(frozen=True)
class Ground:
    """What a line may say. `more`: items and texts it may speak of beside its request (an opening without a model)."""

    request: LineRequest
    names: Names
    more: tuple[Item | str, ...] = ()

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items that the line is about."""
        own: tuple[Item, ...] = ()
        match self.request:
            case ItemLine(item=item) | AnswerLine(item=item):
                own = (item,)
            case CompareLine(one=one, two=two):
                own = (one, two)
        return own + tuple(item for item in self.more if isinstance(item, Item))

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """What has a name and a value: the items' attributes and years, what was asked for, what is compared."""
        found = [field for item in self.items for field in _fields(item)]
        match self.request:
            case AnswerLine(asked=asked):
                found += asked
            case CompareLine(points=points):
                found += [(name, f"{one}; {two}; {apart}") for name, one, two, apart in points]
        return found

    @cached_property
    def prose(self) -> str:
        """All other texts but for the wish, in small letters."""
        return folded("\n".join((*map(_prose, self.items), *self._told())))

    @cached_property
    def facts(self) -> str:
        """The texts and the fields."""
        return "\n".join([self.prose, *(folded(f"{name.replace('_', ' ')} {text}") for name, text in self.fields)])

    @cached_property
    def all(self) -> str:
        """The facts and the wish."""
        return f"{self.facts}\n{folded(self.request.wish)}"

    @cached_property
    def quantities(self) -> list[Quantity]:
        """All numbers of the facts and of the wish, those of fields with what the field counts."""
        found = quantities(f"{self.prose}\n{self.request.wish}")
        for name, text in self.fields:
            dimension, factor = unit_of(name)
            bare = ("", YEAR) if dimension else ()
            found += [
                replace(q, value=q.count * factor, dimension=dimension) if q.dimension in bare else q
                for q in quantities(text)
            ]
        if isinstance(self.request, CompareLine):
            found += [
                replace(a, value=a.value - b.value, count=a.count - b.count)
                for a, b in permutations(found, 2)
                if a.dimension == b.dimension
            ]
        return found + [
            Quantity(f"{item.price:g}", item.price, item.price, f"money {item.currency or 'CNY'}")
            for item in self.items
            if item.price is not None
        ]

    def has(self, forms: str) -> bool:
        """Whether one of a word's forms, of either language, stands in the facts or the wish."""
        return bool(word_pattern(forms).search(self.all))

    def _told(self) -> Iterator[str]:
        match self.request:
            case ItemLine(fits=fits, reasons=reasons):
                yield from (*fits, *reasons)
            case OpeningLine() as said:
                yield from (*said.limits, *said.refused, *said.unmet, *said.kinds, said.near, said.source)
            case AnswerLine(missing=missing):
                yield from missing
        yield from (text for text in self.more if isinstance(text, str))


def folded(text: str) -> str:
    """In compatible forms and small letters."""
    return normalize("NFKC", text).lower().replace("’", "'")


@cache
def word_pattern(forms: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{forms})(?![a-z])")


def _prose(item: Item) -> str:
    return "\n".join((item.title, item.domain, item.category, item.brand, item.currency, *item.tags, item.description))


def _fields(item: Item) -> Iterator[tuple[str, str]]:
    for name, value in item.attributes.items():
        yield (
            name,
            "; ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value),
        )
    if item.year is not None:
        yield "year", str(item.year)
