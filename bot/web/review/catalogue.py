"""The catalogue as its page needs it: items that are nearly the same, and files that are uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.importing import ImportReport, read_changes, record_of
from bot.mind import Mind
from retrieval.items import Item
from storage.store import Store

ALIKE = 0.97
"""Cosine of two items' vectors from which on they are shown as perhaps the same."""
MOST_PAIRS = 100
MOST_COMPARED = 5_000
"""Items of one domain that are compared with one another; a domain that has more is compared in its first so many."""
BLOCK = 512


@dataclass(frozen=True)
class Twins:
    """Two items of one domain that are nearly the same. `alike`: the cosine of their vectors."""

    one: Item
    other: Item
    alike: float


def duplicates(mind: Mind) -> list[Twins]:
    """The pairs that are most alike, at most so many, the nearest first."""
    return sorted(_pairs(mind), key=lambda pair: -pair.alike)[:MOST_PAIRS]


def _pairs(mind: Mind) -> Iterator[Twins]:
    catalogue = mind.recommender.shelf.catalogue
    for code in range(len(catalogue.domains)):
        places = np.flatnonzero(catalogue.domain_codes == code)[:MOST_COMPARED]
        vectors = catalogue.vectors[places]
        for start in range(0, len(places), BLOCK):
            alike = vectors[start : start + BLOCK] @ vectors.T
            rows, columns = np.nonzero(alike > ALIKE)
            for row, column in zip(rows, columns, strict=True):
                if start + row < column:
                    first, second = places[start + row], places[column]
                    yield Twins(catalogue.items[first], catalogue.items[second], float(alike[row, column]))


def take_in(path: Path, store: Store, *, dry_run: bool) -> ImportReport:
    """Loads an uploaded file into the database; the running app finds the change and encodes what is new.

    Bad lines are left out and reported; nothing is removed.
    """
    changes = read_changes([path], store.item_checksums(), replace=False)
    if not dry_run:
        store.save_items(record_of(item) for item in (*changes.new, *changes.changed))
    return ImportReport(len(changes.items), len(changes.new), len(changes.changed), 0, changes.errors)
