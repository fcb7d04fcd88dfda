"""The whole catalogue in memory: a frozen snapshot of the items, and arrays beside them by position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
        domains: the names of the domains, sorted.
        domain_codes: int [n], each item's place in `domains`.
        facets: field (domain, category, brand, tags, attributes.NAME) -> folded value, in each language that
            the catalogue has -> sorted positions.
        features: for each item, its (field, folded value) of category, tags and attributes.
    """

    items: tuple[Item, ...]
    position: Mapping[str, int]
    vectors: FloatArray
    centre: FloatArray
    centred: FloatArray
    available: BoolArray
    price: FloatArray
    year: FloatArray
    domains: tuple[str, ...]
    domain_codes: IntArray
    facets: Facets
    features: tuple[frozenset[Feature], ...]


def build(items: Sequence[Item], vectors: FloatArray) -> Catalogue:
    """The snapshot of items [n] with their unit vectors [n, d]; ids must be unique."""
    if len(items) != len(vectors):
        raise ValueError(f"{len(items)} items, {len(vectors)} vectors")
    centre = centre_of(vectors)
    domains = tuple(sorted({item.domain for item in items}))
    code = {name: i for i, name in enumerate(domains)}
    described = [tuple(dict.fromkeys(_features(item))) for item in items]
    return Catalogue(
        items=tuple(items),
        position={item.id: i for i, item in enumerate(items)},
        vectors=vectors,
        centre=centre,
        centred=centred(vectors, centre),
        available=np.asarray([item.available for item in items], dtype=np.bool_),
        price=_numbers([item.price for item in items]),
        year=_numbers([item.year for item in items]),
        domains=domains,
        domain_codes=np.asarray([code[item.domain] for item in items], dtype=np.int64),
        facets=_facets(described),
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
    moved = vectors - centre
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    unit: FloatArray = (moved / np.maximum(length, 1e-12)).astype(np.float32)
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
