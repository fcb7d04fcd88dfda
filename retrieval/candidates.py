"""Candidates: dense from Chroma, lexical from the word index, within what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from errors import VectorIndexError
from retrieval.catalogue import Catalogue

if TYPE_CHECKING:
    from retrieval.index import Index

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

ENOUGH = 25
"""So many of a large number are enough: comparing with all that is allowed costs more than they bring."""
OVERFETCH = 3
"""How many times the wanted number is asked of Chroma, since what is not allowed is masked afterwards."""


def dense(catalogue: Catalogue, index: Index, vector: FloatArray, allowed: BoolArray, k: int) -> IntArray:
    """[≤ k] positions nearest to a centred unit vector, among the allowed ones.

    Chroma knows no limits here (its metadata filter costs ten times the search), so it is over-asked and
    masked; where too few survive, or the index cannot be searched, the allowed vectors are searched exactly.
    """
    try:
        ids, _ = index.search(vector[None, :], min(OVERFETCH * k, max(len(catalogue.items), 1)))
    except VectorIndexError:
        return exact(catalogue, vector, allowed, k)
    found = [catalogue.position[id_] for id_ in ids[0] if id_ in catalogue.position]
    kept = np.asarray([p for p in found if allowed[p]], dtype=np.int64)
    wanted = min(k, ENOUGH, int(np.count_nonzero(allowed)))
    return kept[:k] if len(kept) >= wanted else exact(catalogue, vector, allowed, k)


def exact(catalogue: Catalogue, vector: FloatArray, allowed: BoolArray, k: int) -> IntArray:
    """[≤ k] positions nearest to a centred unit vector, by comparing with every allowed one."""
    places = np.flatnonzero(allowed)
    few = 2 * len(places) < len(allowed)  # picking out the rows of many costs more than multiplying all
    values = catalogue.centred[places] @ vector if few else (catalogue.centred @ vector)[places]
    return places[top(values, k)]


def lexical(match: FloatArray, allowed: BoolArray, k: int) -> IntArray:
    """[≤ k] allowed positions with the best word match, those without any left out."""
    places = np.flatnonzero(allowed & (match > 0))
    return places[top(match[places], k)]


def top(values: FloatArray, k: int) -> IntArray:
    """[≤ k] indices of the largest values, largest first."""
    if len(values) > k:
        best = np.argpartition(-values, k)[:k]
        return best[np.argsort(-values[best], kind="stable")]
    return np.argsort(-values, kind="stable")
