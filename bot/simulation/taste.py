"""A hidden taste over a catalogue: what a simulated visitor is after, and whether an item is it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from errors import Lang
from retrieval.catalogue import texts_of
from retrieval.items import Item
from retrieval.segment import HAN, fold

FEWEST = 3
"""Items of the domain that must share a value which is wished for: nobody asks for what one thing has."""
COMMON = 0.08
"""Share of the domain's items that have a value which is refused: refusing what is rare changes nothing."""
LONGEST = 24
"""Characters of a value that is said."""
WISHES = 2
LISTING = 5
"""An attribute with more texts than this lists things (cast, facilities, what is near)."""


@dataclass(frozen=True)
class Taste:
    """What is wanted: a domain, all of some values, at most a price, and not another value. Values as written."""

    domain: str
    wanted: tuple[str, ...]
    refused: str = ""
    at_most: float | None = None

    def fits(self, item: Item) -> bool:
        """Whether an item is all that is wanted."""
        return item.domain == self.domain and {fold(v) for v in self.wanted} <= folded(item) and self.allows(item)

    def allows(self, item: Item) -> bool:
        """Whether an item keeps within what is refused and the price."""
        within = self.at_most is None or (item.price is not None and item.price <= self.at_most)
        return within and (not self.refused or fold(self.refused) not in folded(item))


@dataclass(frozen=True)
class Tastes:
    """A first taste, and the one after the visitor has changed its mind: other values, all else the same."""

    first: Taste
    second: Taste


def tastes(items: Sequence[Item], lang: Lang, count: int, seed: int) -> list[Tastes]:
    """`count` pairs of tastes, each with something in the catalogue that fits; fewer where the catalogue is poor."""
    shown = [item.localized(lang) for item in items if item.available]
    domains = {name: [item for item in shown if item.domain == name] for name in sorted({i.domain for i in shown})}
    counts = {name: _counts(inside) for name, inside in domains.items()}
    random = np.random.default_rng(seed)
    found: list[Tastes] = []
    for _ in range(20 * count):
        if len(found) == count:
            break
        item = shown[int(random.integers(len(shown)))]
        inside, known = domains[item.domain], counts[item.domain]
        first = _of(item, known, lang, random)
        if first is None:
            continue
        first = replace(first, refused=_refused(inside, known, item, lang, random), at_most=_at_most(item))
        others = [other for other in inside if first.allows(other) and not first.fits(other)]
        second = _of(others[int(random.integers(len(others)))], known, lang, random) if others else None
        if second is None or set(second.wanted) & set(first.wanted) or first.refused in second.wanted:
            continue
        found.append(Tastes(first, replace(second, refused=first.refused, at_most=first.at_most)))
    return found


def folded(item: Item) -> set[str]:
    """All values of an item."""
    return {fold(value) for value in _values(item)}


def _values(item: Item) -> Iterator[str]:
    yield from (value for value in (item.category, item.brand, *item.tags) if value)
    for value in item.attributes.values():
        texts = texts_of(value)
        if len(texts) <= LISTING:
            yield from texts


def _counts(items: Sequence[Item]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for item in items:
        for value in folded(item):
            counts[value] = counts.get(value, 0) + 1
    return counts


def _sayable(value: str, lang: Lang) -> bool:
    """Whether a visitor of the language would say it."""
    plain = 1 < len(value) <= LONGEST and "," not in value and not any(c.isdigit() for c in value)
    return plain and bool(HAN.search(value)) == (lang == "zh")


def _of(item: Item, counts: Mapping[str, int], lang: Lang, random: np.random.Generator) -> Taste | None:
    values = {fold(v): v for v in _values(item) if _sayable(v, lang) and counts[fold(v)] >= FEWEST}
    if not values:
        return None
    keys = sorted(values)
    drawn = random.choice(len(keys), min(WISHES, len(keys)), replace=False)
    return Taste(item.domain, tuple(values[keys[i]] for i in drawn))


def _refused(
    inside: Sequence[Item], counts: Mapping[str, int], item: Item, lang: Lang, random: np.random.Generator
) -> str:
    own = folded(item)
    written = {fold(v): v for other in inside for v in _values(other) if _sayable(v, lang)}
    common = sorted(v for v in written if v not in own and counts[v] >= COMMON * len(inside))
    # Not a word that stands in another of its own: 喜剧 refused would exclude 爱情喜剧, which it may like.
    common = [v for v in common if not any(v in mine or mine in v for mine in own)]
    return written[common[int(random.integers(len(common)))]] if common else ""


def _at_most(item: Item) -> float | None:
    """A round price a little above the item's."""
    if not item.price:
        return None
    step = 10 ** max(int(np.log10(item.price)), 0)
    return float(np.ceil(item.price * 1.2 / step) * step)
