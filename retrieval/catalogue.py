"""The whole catalogue in memory: a frozen snapshot of the items, and arrays beside them by position."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.items import Item
from retrieval.segment import fold

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

Facets = Mapping[str, Mapping[str, IntArray]]
Feature = tuple[str, str]

DESCRIPTION_LENGTH = 160
"""Characters of a description that are encoded: about two sentences of English, three of Chinese."""
DOMAIN_PRIOR = 5
"""How many items' worth of doubt there is about what a domain's items have in common."""
SENTENCE_END = re.compile(r"[。！？!?]|\.(?=\s)")


@dataclass(frozen=True)
class Catalogue:
    """All items, and for each position in `items` what ranking asks of it.

    Attributes:
        items: the items, in a fixed order; n of them.
        position: an item's id -> its position.
        vectors: float32 [n, d], unit length, as the encoder gave them.
        centre: float32 [d], the mean of the vectors: what all items have in common.
        centred: float32 [n, d], the vectors less the centre, unit length again.
        available: bool [n].
        price, year: float32 [n], nan where there is none.
        numbers: field (attributes.NAME) -> float32 [n], for each attribute that is a number anywhere; nan where
            an item has none.
        domains: the names of the domains, sorted.
        domain_codes: int [n], each item's place in `domains`.
        facets: field (domain, category, brand, tags, attributes.NAME) -> folded value, in each language that
            the catalogue has -> sorted positions. A yes/no attribute has the values "true" and "false".
        features: for each item, its (field, folded value) of category, tags and attributes that are texts.
    """

    items: tuple[Item, ...]
    position: Mapping[str, int]
    vectors: FloatArray
    centre: FloatArray
    centred: FloatArray
    available: BoolArray
    price: FloatArray
    year: FloatArray
    numbers: Mapping[str, FloatArray]
    domains: tuple[str, ...]
    domain_codes: IntArray
    facets: Facets
    features: tuple[frozenset[Feature], ...]

    def places(self, ids: Iterable[str]) -> list[int]:
        """The positions of items by id, in order; ids that are gone are passed over."""
        return [self.position[id_] for id_ in ids if id_ in self.position]

    def values(self, field: str) -> FloatArray | None:
        """[n] the numbers of a field (price, year, attributes.NAME); None where it is no number anywhere."""
        return {"price": self.price, "year": self.year}.get(field, self.numbers.get(field))

    def in_domain(self, name: str) -> BoolArray:
        """[n] which items are in a domain; none for one that the catalogue has not."""
        inside: BoolArray = self.domain_codes == (self.domains.index(name) if name in self.domains else -1)
        return inside

    def with_values(self, field: str, values: Iterable[str]) -> BoolArray:
        """[n] which items have one of the folded values of a field."""
        out = np.zeros(len(self.items), dtype=np.bool_)
        of_field = self.facets.get(field, {})
        for value in values:
            if value in of_field:
                out[of_field[value]] = True
        return out

    def with_tags(self, tags: Iterable[str]) -> BoolArray:
        """[n] which items have one of the tags, as the items spell them."""
        out = np.zeros(len(self.items), dtype=np.bool_)
        for tag in tags:
            out[self._tagged.get(tag, [])] = True
        return out

    def has(self, field: str) -> BoolArray:
        """[n] which items have any value of a field, a number or a text."""
        if field not in self._had:
            places = [np.empty(0, dtype=np.int64), *self.facets.get(field, {}).values()]
            out = np.zeros(len(self.items), dtype=np.bool_)
            out[np.concatenate(places)] = True
            numbers = self.values(field)
            self._had[field] = out if numbers is None else out | ~np.isnan(numbers)
        return self._had[field]

    def apart(self, places: IntArray) -> FloatArray:
        """[m, d] the centred vectors at positions [m] less what their domains' items have in common, unit length.

        So a book and a film can be near for what they are about, though one is a book and one a film.
        """
        return _unit(self.centred[places] - self._domain_means[self.domain_codes[places]])

    @cached_property
    def _tagged(self) -> Mapping[str, list[int]]:
        """Tag -> positions."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, item in enumerate(self.items):
            for tag in item.tags:
                places[tag].append(place)
        return dict(places)

    @cached_property
    def _had(self) -> dict[str, BoolArray]:
        """What `has` was asked before: a turn must not go through all values of a field."""
        return {}

    @cached_property
    def _domain_means(self) -> FloatArray:
        """[domains, d]: the mean of a small domain says little of it and is shrunk, by DOMAIN_PRIOR items of zeros."""
        means = np.zeros((len(self.domains), self.centred.shape[1]), dtype=np.float32)
        for code in range(len(self.domains)):
            inside = np.flatnonzero(self.domain_codes == code)
            means[code] = self.centred[inside].sum(axis=0) / np.float32(len(inside) + DOMAIN_PRIOR)
        return means


def build(items: Sequence[Item], vectors: FloatArray) -> Catalogue:
    """The snapshot of items [n] with their unit vectors [n, d]; ids must be unique."""
    if len(items) != len(vectors):
        raise ValueError(f"{len(items)} items, {len(vectors)} vectors")
    centre = centre_of(vectors)
    domains = tuple(sorted({item.domain for item in items}))
    code = {name: i for i, name in enumerate(domains)}
    shared: dict[Feature, Feature] = {}  # one tuple for all items that have a feature: most of the memory otherwise
    described = [tuple(dict.fromkeys(shared.setdefault(f, f) for f in _features(item))) for item in items]
    switches = [tuple(_switches(item)) for item in items]
    return Catalogue(
        items=tuple(items),
        position={item.id: i for i, item in enumerate(items)},
        vectors=vectors,
        centre=centre,
        centred=centred(vectors, centre),
        available=np.asarray([item.available for item in items], dtype=np.bool_),
        price=_numbers([item.price for item in items]),
        year=_numbers([item.year for item in items]),
        numbers=_attribute_numbers(items),
        domains=domains,
        domain_codes=np.asarray([code[item.domain] for item in items], dtype=np.int64),
        facets=_facets([(*texts, *yes_no) for texts, yes_no in zip(described, switches, strict=True)]),
        features=tuple(frozenset(f for f in features if f[0] not in ("domain", "brand")) for features in described),
    )


def centre_of(vectors: FloatArray) -> FloatArray:
    """The mean [d] of vectors [n, d]; zero for fewer than two, which have nothing in common to take away."""
    if len(vectors) < 2:
        return np.zeros(vectors.shape[1], np.float32)
    mean: FloatArray = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def centred(vectors: FloatArray, centre: FloatArray) -> FloatArray:
    """Vectors [n, d] (or one [d]) less the centre [d], at unit length; the centre itself becomes zero."""
    return _unit(vectors - centre)


def _unit(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: FloatArray = (rows / np.maximum(length, 1e-12)).astype(np.float32)
    return unit


def item_texts(item: Item) -> tuple[str, str]:
    """The two short texts of an item that are encoded: its words in every language it has, and its opening.

    Apart, because in one text a description drowns the few words that most wishes are about, while words
    alone do not find what a thing tells of. The opening is empty where there is no description.
    """
    words = [_words(item), *(_words(item.localized(language)) for language in item.i18n)]
    return "；".join(dict.fromkeys(words)), _opening(item.description)


def _words(item: Item) -> str:
    return "，".join(dict.fromkeys(w for w in (item.title, item.category, item.brand, *item.tags) if w))


def texts_of(value: Any) -> list[str]:
    """The texts in an attribute's value; numbers and yes/no say nothing by themselves."""
    if isinstance(value, str):
        return [value] if value else []
    return [text for text in value if isinstance(text, str)] if isinstance(value, tuple | list) else []


def _opening(description: str) -> str:
    """The whole sentences that fit into DESCRIPTION_LENGTH; a longer first sentence is cut."""
    if len(description) <= DESCRIPTION_LENGTH:
        return description
    ends = [match.end() for match in SENTENCE_END.finditer(description, 0, DESCRIPTION_LENGTH)]
    return description[: ends[-1] if ends else DESCRIPTION_LENGTH]


def _features(item: Item) -> Iterator[Feature]:
    """(field, folded value) of everything an item can be found by, in every language."""
    yield "domain", fold(item.domain)
    shown: list[Mapping[str, Any]] = [
        {"category": item.category, "brand": item.brand, "tags": item.tags, "attributes": item.attributes},
        *item.i18n.values(),
    ]
    for words in shown:
        values = {name: words.get(name) for name in ("category", "brand", "tags")}
        values |= {f"attributes.{name}": value for name, value in words.get("attributes", {}).items()}
        for field, value in values.items():
            for text in texts_of(value):
                yield field, fold(text)


def _switches(item: Item) -> Iterator[Feature]:
    """(field, "true" or "false") of the yes/no attributes."""
    for name, value in item.attributes.items():
        if isinstance(value, bool):
            yield f"attributes.{name}", str(value).lower()


def _attribute_numbers(items: Sequence[Item]) -> Mapping[str, FloatArray]:
    found: dict[str, FloatArray] = {}
    for position, item in enumerate(items):
        for name, value in item.attributes.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                field = f"attributes.{name}"
                if field not in found:
                    found[field] = np.full(len(items), np.nan, dtype=np.float32)
                found[field][position] = value
    return found


def _facets(described: Sequence[Sequence[Feature]]) -> Facets:
    lists: dict[str, dict[str, list[int]]] = {}
    for position, features in enumerate(described):
        for field, value in features:
            lists.setdefault(field, {}).setdefault(value, []).append(position)
    return {
        field: {value: np.asarray(positions, dtype=np.int64) for value, positions in values.items()}
        for field, values in lists.items()
    }


def _numbers(values: Sequence[float | None]) -> FloatArray:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float32)
