"""What a model remembers of the lines that it reads and writes: the keys and values of attention."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Shape = tuple[int, int]
"""How many heads a layer's keys or values have, and how wide each is."""


@dataclass(frozen=True)
class KeyValues:
    """What is remembered of some tokens, for each layer [heads, tokens, width], in half precision."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        return sum(part.nbytes for part in (*self.keys, *self.values))


class Memory:
    """Keys and values of every layer, float32 [rows, heads, slots, width] each: a line has a row, a token a slot.

    It grows to the largest demand that was made of it. What is in a slot that was not written is arbitrary, but finite.
    """

    def __init__(self, shapes: Sequence[tuple[Shape, Shape]]) -> None:
        """`shapes`: for each layer those of its keys and of its values."""
        self.rows = 0
        self.slots = 0
        self.keys = [_block(0, 0, shape) for shape, _ in shapes]
        self.values = [_block(0, 0, shape) for _, shape in shapes]

    def reserve(self, rows: int, slots: int) -> None:
        """Makes room for so many rows of so many slots; what is remembered stays."""
        if rows <= self.rows and slots <= self.slots:
            return
        rows, slots = max(rows, self.rows), max(slots, self.slots)
        # All is made before any of it takes effect: there may not be memory enough.
        keys, values = ([_grown(old, rows, slots) for old in part] for part in (self.keys, self.values))
        self.rows, self.slots, self.keys, self.values = rows, slots, keys, values

    def move(self, source: int, target: int, used: int) -> None:
        """Copies the first `used` slots of one row over those of another."""
        for block in (*self.keys, *self.values):
            block[target, :, :used] = block[source, :, :used]

    def take(self, row: int, start: int, end: int) -> KeyValues:
        """A copy of the row's slots from `start` to `end`."""
        keys, values = (tuple(block[row, :, start:end].half() for block in part) for part in (self.keys, self.values))
        return KeyValues(keys, values)

    def put(self, row: int, start: int, remembered: KeyValues) -> None:
        """Writes into the row's slots from `start` on."""
        for part, copies in ((self.keys, remembered.keys), (self.values, remembered.values)):
            for block, copy in zip(part, copies, strict=True):
                block[row, :, start : start + copy.shape[1]] = copy


class PrefixCache:
    """Keys and values by the tokens they belong to and all before these; those least recently used go first."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes."""
        self.nbytes = 0
        self._limit = limit
        self._kept: OrderedDict[tuple[int, ...], KeyValues] = OrderedDict()

    def get(self, ids: tuple[int, ...]) -> KeyValues | None:
        """What was kept for these tokens."""
        if ids in self._kept:
            self._kept.move_to_end(ids)
        return self._kept.get(ids)

    def keep(self, ids: tuple[int, ...], remembered: KeyValues) -> None:
        """Keeps it, where it is not too large to be kept at all."""
        if ids in self._kept or remembered.nbytes > self._limit:
            return
        self._kept[ids] = remembered
        self.nbytes += remembered.nbytes
        while self.nbytes > self._limit:
            self.nbytes -= self._kept.popitem(last=False)[1].nbytes


def _block(rows: int, slots: int, shape: Shape) -> Tensor:
    heads, width = shape
    return torch.zeros(rows, heads, slots, width)


def _grown(old: Tensor, rows: int, slots: int) -> Tensor:
    new = _block(rows, slots, (old.shape[1], old.shape[3]))
    new[: old.shape[0], :, : old.shape[2]] = old
    return new
