"""How alike two things are: vectors by cosine or Euclidean distance, items by shared features (Jaccard)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from retrieval.catalogue import Catalogue, Feature, FloatArray

ItemSimilarity = Literal["cosine", "euclidean", "jaccard"]
ITEM_SIMILARITIES: tuple[ItemSimilarity, ...] = get_args(ItemSimilarity)


def cosine(queries: FloatArray, rows: FloatArray) -> FloatArray:
    """Cosine of the angle between each of queries [q, d] and each of rows [n, d]: [q, n], -1 to 1.

    A vector of zeros is like nothing: 0.
    """
    likeness: FloatArray = _unit(queries) @ _unit(rows).T
    return likeness


def euclidean(queries: FloatArray, rows: FloatArray) -> FloatArray:
    """1 / (1 + distance) between each of queries [q, d] and each of rows [n, d]: [q, n], above 0 to 1."""
    # |a - b|^2 = |a|^2 + |b|^2 - 2ab; rounding may leave a little below zero.
    squares = (queries**2).sum(axis=1)[:, None] + (rows**2).sum(axis=1)[None, :] - 2 * queries @ rows.T
    nearness: FloatArray = 1 / (1 + np.sqrt(np.maximum(squares, 0)))
    return nearness


def jaccard(features: frozenset[Feature], others: Sequence[frozenset[Feature]]) -> FloatArray:
    """Shared features over all features, with each of `others` [n]: [n], 0 to 1; two empty sets: 0."""
    size = len(features)
    shared = np.asarray([len(features & other) for other in others], dtype=np.float32)
    sizes = np.asarray([len(other) for other in others], dtype=np.float32)
    likeness: FloatArray = shared / np.maximum(size + sizes - shared, 1)
    return likeness


SIMILARITIES: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "cosine": cosine,
    "euclidean": euclidean,
}
"""The similarities of vectors, by name."""


def item_similarity(name: ItemSimilarity, catalogue: Catalogue, position: int) -> FloatArray:
    """How like the item at `position` each item is: [n], itself included. Vectors are compared centred."""
    if name == "jaccard":
        return jaccard(catalogue.features[position], catalogue.features)
    rows = catalogue.centred
    likeness: FloatArray = SIMILARITIES[name](rows[position : position + 1], rows)[0]
    return likeness


def _unit(rows: FloatArray) -> FloatArray:
    unit: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    return unit
