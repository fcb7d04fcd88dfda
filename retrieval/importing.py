"""Bringing the vector index up to date with the items: only what changed is encoded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from retrieval.catalogue import Catalogue, FloatArray, build, item_texts
from retrieval.encoder import TextEncoder
from retrieval.index import Index, changed_places
from retrieval.items import Item

log = logging.getLogger(__name__)

Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""

WORDS_SHARE = 0.7
"""How much of an item's vector its words make up; its description makes the rest."""

BATCH = 128
"""Items encoded between two writes to the index: what a kill can cost."""


@dataclass(frozen=True)
class Embedded:
    """What was done: how many items had to be encoded, were as before, and were removed."""

    encoded: int
    unchanged: int
    removed: int


def embed_changes(
    items: Sequence[Item],
    encoder: TextEncoder,
    index: Index,
    progress: Progress = lambda share: None,
    known: Mapping[str, str] | None = None,
) -> Embedded:
    """Make the index hold exactly these items (unique ids), encoding those whose text is new to it.

    `known`: what the index held (id -> checksum) before the items were read, where others may be adding some at the
    same time; nothing that came later is removed. Each batch is written with its checksums before the next is
    encoded, so a run that was killed goes on where it stopped. A change that is not in the encoded text, such as a
    price, costs no encoding.
    Raises VectorIndexError when the index cannot be written.
    """
    known = index.stored() if known is None else known
    texts = [item_texts(item) for item in items]
    ids, checksums = [item.id for item in items], [_checksum(text) for text in texts]
    index.remove(sorted(known.keys() - set(ids)))
    # By length, so that a batch has little padding; the longest last, so that the bar does not stop at first.
    changed = sorted(changed_places(known, ids, checksums), key=lambda place: sum(map(len, texts[place])))
    for start in range(0, len(changed), BATCH):
        batch = changed[start : start + BATCH]
        vectors = encode_items([texts[i] for i in batch], encoder)
        index.put([ids[i] for i in batch], [checksums[i] for i in batch], vectors)
        progress((start + len(batch)) / len(changed))
    progress(1.0)
    done = Embedded(len(changed), len(items) - len(changed), len(known.keys() - set(ids)))
    log.info("index: %d encoded, %d unchanged, %d removed", done.encoded, done.unchanged, done.removed)
    return done


def encode_items(texts: Sequence[tuple[str, str]], encoder: TextEncoder) -> FloatArray:
    """Items' texts (words, opening) [n] -> unit vectors [n, d]: the weighted mean of the two."""
    told = [i for i, (_, opening) in enumerate(texts) if opening]
    both = encoder.encode([words for words, _ in texts] + [texts[i][1] for i in told], "passage")
    vectors, openings = both[: len(texts)], both[len(texts) :]
    vectors[told] = WORDS_SHARE * vectors[told] + (1 - WORDS_SHARE) * openings
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def catalogue_of(
    items: Sequence[Item],
    encoder: TextEncoder,
    index: Index,
    progress: Progress = lambda share: None,
    known: Mapping[str, str] | None = None,
) -> Catalogue:
    """The catalogue of these items, with the vectors of the index, which is brought up to date first."""
    embed_changes(items, encoder, index, progress, known)
    vectors = index.vectors([item.id for item in items])
    return build(items, vectors.reshape(len(items), encoder.dimension))


def restore(catalogue: Catalogue, index: Index) -> None:
    """Puts a catalogue's vectors back into an index that has lost them; nothing is encoded."""
    index.reopen()
    checksums = [_checksum(item_texts(item)) for item in catalogue.items]
    index.sync([item.id for item in catalogue.items], checksums, catalogue.vectors)
    log.warning("the index had lost its vectors; %d were put back", len(catalogue.items))


def _checksum(texts: tuple[str, str]) -> str:
    return blake2b(f"{WORDS_SHARE}\n{texts[0]}\n{texts[1]}".encode(), digest_size=16).hexdigest()
