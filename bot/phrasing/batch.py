"""The lines that are being decoded together, and what the model remembers of each, in one block of memory."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

HEAD_START = 8
"""Tokens that the first line gets before the others are read, or fewer if a clause ends sooner."""
CLAUSE_MARKS = frozenset("，,；;：:。.！!？?、")
UNFINISHED = "\ufffd"
"""What an incomplete character decodes to."""


class Line:
    """One line being written. `ids`: its tokens so far."""

    def __init__(self, index: int, tokenizer: PreTrainedTokenizerBase, limit: int) -> None:
        self.index = index
        self.ids: list[int] = []
        self.done = False
        self._tokenizer = tokenizer
        self._ends = frozenset(tokenizer.all_special_ids)
        self._limit = limit
        self._sent = ""

    @property
    def leads(self) -> bool:
        """Whether it is still in its head start."""
        return len(self.ids) < HEAD_START and not CLAUSE_MARKS & set(self._sent)

    def take(self, token: int) -> str:
        """One token more; returns the text that it makes certain, never a part of a character."""
        if token in self._ends:
            self.done = True
        else:
            self.ids.append(token)
        text, newline, _ = str(self._tokenizer.decode(self.ids, skip_special_tokens=True)).partition("\n")
        self.done = self.done or bool(newline) or len(self.ids) >= self._limit
        whole = text.rstrip(UNFINISHED)
        new, self._sent = whole[len(self._sent) :], whole
        return new


class Memory:
    """Keys and values of every layer, [rows, heads, slots, width] each, filled from the left.

    A transformers model takes it as its cache. The first `live` rows and the first `used` slots count; what a
    pass of the model writes comes after them and counts once `used` is raised.
    """

    is_compileable = False

    def __init__(self, rows: int, slots: int, used: int = 0, live: int = 0) -> None:
        self.used = used
        self.live = live
        self._rows = rows
        self._slots = slots
        self._layers: list[tuple[Tensor, Tensor]] = []

    def update(self, keys: Tensor, values: Tensor, layer: int, **_: object) -> tuple[Tensor, Tensor]:
        """Take one layer's new keys and values of the live rows; returns all of them, old and new."""
        if layer == len(self._layers):
            self._layers.append((self._room(keys), self._room(values)))
        end = self.used + keys.shape[2]
        held_keys, held_values = self._layers[layer]
        held_keys[: self.live, :, self.used : end] = keys
        held_values[: self.live, :, self.used : end] = values
        return held_keys[: self.live, :, :end], held_values[: self.live, :, :end]

    def get_seq_length(self, layer: int = 0) -> int:
        """Slots in use."""
        return self.used

    def get_mask_sizes(self, query_length: int, layer: int = 0) -> tuple[int, int]:
        """How many slots the next query sees, and where they start."""
        return self.used + query_length, 0

    def add(self, other: Memory, head: int) -> None:
        """A new row from the only row of another memory: its first `head` slots to the left, the rest to the end
        of what is used."""
        if not self._layers:
            self._layers = [(self._room(keys), self._room(values)) for keys, values in other._layers]
        start = self.used - (other.used - head)
        for mine, read in zip(self._layers, other._layers, strict=True):
            for ours, theirs in zip(mine, read, strict=True):
                ours[self.live, :, :head] = theirs[0, :, :head]
                ours[self.live, :, start : self.used] = theirs[0, :, head : other.used]
        self.live += 1

    def drop(self, row: int) -> None:
        """Lose a row; the last one takes its place."""
        self.live -= 1
        for part in (part for layer in self._layers for part in layer):
            part[row] = part[self.live]

    def _room(self, like: Tensor) -> Tensor:
        return like.new_zeros(self._rows, like.shape[1], self._slots, like.shape[3])


class Batch:
    """The lines being written, each with its row in one memory.

    A row holds the prompt's head at the left and its rest so that it ends where the next tokens go; `mask`
    [rows, slots] leaves out the gap between. `longest`: tokens of the longest prompt, head and rest.
    """

    def __init__(self, rows: int, longest: int, max_new_tokens: int) -> None:
        # The last line joins after the head start and a step for each line before it.
        slots = longest + max_new_tokens + HEAD_START + rows
        self.lines: list[Line] = []
        self.memory = Memory(rows, slots, used=longest)
        self._mask = torch.zeros(rows, slots, dtype=torch.bool)
        self._positions = torch.zeros(rows, dtype=torch.long)

    @property
    def leading(self) -> bool:
        """Whether the first line is still alone in its head start."""
        return len(self.lines) == 1 and self.lines[0].index == 0 and self.lines[0].leads

    def add(self, line: Line, read: Memory, head: int) -> None:
        """A new line, whose prompt was read into a memory of its own."""
        row, used = len(self.lines), self.memory.used
        self.memory.add(read, head)
        self._mask[row] = False
        self._mask[row, :head] = True
        self._mask[row, used - (read.used - head) : used] = True
        self._positions[row] = read.used
        self.lines.append(line)

    def next(self) -> tuple[Tensor, Tensor, Tensor]:
        """What the model needs beside the memory for one step: token ids and positions [lines, 1], and the mask
        [lines, 1, 1, slots in use]."""
        live, used = len(self.lines), self.memory.used
        self._mask[:live, used] = True
        positions = self._positions[:live, None].clone()
        self._positions[:live] += 1
        ids = torch.tensor([[line.ids[-1]] for line in self.lines])
        return ids, positions, self._mask[:live, None, None, : used + 1]

    def drop_finished(self) -> None:
        """Lines that are done leave; the last line takes the place of each."""
        for row in reversed(range(len(self.lines))):
            if self.lines[row].done:
                last = self.lines.pop()
                self.memory.drop(row)
                if row < len(self.lines):
                    self.lines[row] = last
                    self._mask[row] = self._mask[len(self.lines)]
                    self._positions[row] = self._positions[len(self.lines)]
