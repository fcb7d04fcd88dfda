"""What all methods rank with: the catalogue, its words and values, vectors, and what was counted. Built once a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bot.evaluation.dialogues import Dialogue
from bot.evaluation.embedding import KeptEncoder
from bot.evaluation.limits import Limits
from bot.evaluation.protocol import Case, Situation, cases
from bot.evaluation.recorded import Recorded, recorded
from retrieval.bm25 import BM25
from retrieval.catalogue import centre_of, centred, item_texts
from retrieval.items import Item
from retrieval.segment import Segmenter
from retrieval.values import Values

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

ITEM_LENGTH = 200
"""Bytes of an item that are encoded: its words, then its description. One short text where the app encodes two, for a
quarter of the time."""
LAST_MESSAGES = 3
"""Messages before a recommending turn that are encoded."""


@dataclass(frozen=True, eq=False)
class Grounds:
    """Items [n] with what ranks them. `vectors` [n, d]: centred, unit length, or None where nothing is encoded.

    `messages`: centred unit vectors [d] of what users said.
    """

    items: tuple[Item, ...]
    position: Mapping[str, int]
    domain_codes: IntArray
    bm25: BM25
    values: Values
    counts: Recorded
    limits: Limits
    vectors: FloatArray | None = None
    messages: Mapping[str, FloatArray] = field(default_factory=dict)

    @cached_property
    def nothing(self) -> FloatArray:
        """[n] zeros; not to be written to."""
        return np.zeros(len(self.items), dtype=np.float32)

    def near(self, situation: Situation, last: int, fading: float) -> FloatArray:
        """[n] cosine with the last messages, the earlier fading."""
        found = [self.messages[text] for text in situation.said(last) if text in self.messages]
        if self.vectors is None or not found:
            return self.nothing
        weights = fading ** np.arange(len(found), dtype=np.float32)[::-1]
        mean = weights @ np.stack(found)
        near: FloatArray = self.vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-6))
        return near.astype(np.float32)


def prepare(
    items: Sequence[Item],
    dialogues: Sequence[Dialogue],
    train: Sequence[Dialogue],
    encoder: KeptEncoder | None,
    also: Sequence[Case] = (),
) -> Grounds:
    """The grounds for dialogues; counts from `train`, or else from the dialogues themselves, each left out in turn.

    `encoder`: None to rank without vectors; `also`: cases of others whose messages are needed.
    """
    position = {item.id: i for i, item in enumerate(items)}
    domains = sorted({item.domain for item in items})
    codes = np.asarray([domains.index(item.domain) for item in items], dtype=np.int64)
    values = Values(items)
    segmenter = Segmenter([text for item in items for text in (item.title, *item.tags)])
    bm25 = BM25(items, segmenter, [frozenset(links) for links in values.links])
    counts = recorded(train or dialogues, position, codes, bm25.norms, own=not train)
    grounds = Grounds(tuple(items), position, codes, bm25, values, counts, Limits(items))
    if encoder is None:
        return grounds
    rows = encoder.encode([item_text(item) for item in items], "passage")
    centre = centre_of(rows)
    every = [*cases(dialogues, position), *also]
    texts = sorted({text for case in every for text in case.situation.said(LAST_MESSAGES)})
    said = centred(encoder.encode(texts, "query"), centre) if texts else []
    return replace(grounds, vectors=centred(rows, centre), messages=dict(zip(texts, said, strict=True)))


def item_text(item: Item) -> str:
    """What is encoded of an item."""
    told = "；".join(text for text in item_texts(item) if text)
    return told.encode("utf-8", "ignore")[:ITEM_LENGTH].decode("utf-8", "ignore")
