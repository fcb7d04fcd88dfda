"""One pass of a causal language model over tokens of several lines at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from torch import Tensor

from bot.phrasing.memory import Memory, Shape


@dataclass(frozen=True)
class Piece:
    """Tokens of one line that are read in one pass: they go into the slots of `row` from `start` on.

    What lies before `start` is remembered from earlier passes. `asks`: after how many of its last tokens the next one
    is wanted; `given`: words that it may be beside the model's.
    """

    row: int
    start: int
    ids: tuple[int, ...]
    asks: int = 1
    given: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """The slot after the last token."""
        return self.start + len(self.ids)


class Network(Protocol):
    """A model's weights and how to run them. Not for two threads at once."""

    @property
    def shapes(self) -> Sequence[tuple[Shape, Shape]]:
        """What a memory for it must hold."""

    @property
    def words(self) -> Tensor:
        """[words] the token ids that it may always write."""

    def __call__(self, pieces: Sequence[Piece], memory: Memory) -> Tensor:
        """Reads the pieces into the memory, which must have room; no two of one row.

        Returns float32 [tokens after which is asked, words and those given]: the logits of what comes next. Where one
        line was given fewer words than another, -inf fills its rows.
        """


def alike(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """The pieces in groups of one length and of rows that follow each other: attention serves these together."""
    cuts = [
        number
        for number, (one, two) in enumerate(pairwise(pieces), 1)
        if two.row != one.row + 1 or len(two.ids) != len(one.ids)
    ]
    for start, end in pairwise([0, *cuts, len(pieces)]):
        yield pieces[start:end]
