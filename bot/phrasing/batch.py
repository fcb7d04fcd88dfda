"""The lines that are being decoded together, and the keys and values of each in one block of memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase
from transformers.cache_utils import Cache, CacheLayerMixin

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
        self.done = limit <= 0
        self._tokenizer = tokenizer
        self._limit = limit
        self._sent = ""

    @property
    def leads(self) -> bool:
        """Whether it is still in its head start."""
        return len(self.ids) < HEAD_START and not CLAUSE_MARKS & set(self._sent)

    def take(self, token: int) -> str:
        """One token more; returns the text that is now certain."""
        if token in self._tokenizer.all_special_ids:
            self.done = True
        else:
            self.ids.append(token)
        text, newline, _ = str(self._tokenizer.decode(self.ids, skip_special_tokens=True)).partition("\n")
        self.done = self.done or bool(newline) or len(self.ids) >= self._limit
        whole = text.rstrip(UNFINISHED)
        new, self._sent = whole[len(self._sent) :], whole
        return new


class _Layer(CacheLayerMixin):
    """One layer's keys and values, [rows, heads, slots, width] each, allocated once and filled from the left."""

    def __init__(self, like: CacheLayerMixin, rows: int, slots: int, used: int) -> None:
        super().__init__()
        self.keys = like.keys.new_zeros(rows, like.keys.shape[1], slots, like.keys.shape[3])
        self.values = like.values.new_zeros(rows, like.values.shape[1], slots, like.values.shape[3])
        self.live = 0
        self.used = used
        self.is_initialized = True

    def update(self, keys: Tensor, values: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Take the next slot of every live row; returns all that is in use."""
        end = self.used + keys.shape[2]
        self.keys[: self.live, :, self.used : end] = keys
        self.values[: self.live, :, self.used : end] = values
        self.used = end
        return self.keys[: self.live, :, :end], self.values[: self.live, :, :end]

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: it is made whole."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Slots that the next query sees, and where they start."""
        return self.used + query_length, 0

    def get_seq_length(self) -> int:
        """Slots in use."""
        return self.used

    def get_max_length(self) -> int:
        """Slots there are."""
        return int(self.keys.shape[2])


class Batch:
    """The lines being written and their rows in the caches.

    A row holds its head at the left and its rest so that it ends where the next tokens go; `mask` [rows, slots]
    leaves out the gap between. The first rows belong to `lines`, in the same order. `longest`: tokens of the
    longest prompt, head and rest.
    """

    def __init__(self, rows: int, longest: int, max_new_tokens: int) -> None:
        # The last line joins after the head start and a step for each line before it.
        self._slots = longest + max_new_tokens + HEAD_START + rows
        self._used = longest
        self._rows = rows
        self._layers: list[_Layer] = []
        self._mask = torch.zeros(self._rows, self._slots, dtype=torch.bool)
        self._positions = torch.zeros(self._rows, dtype=torch.long)
        self.lines: list[Line] = []

    @property
    def leading(self) -> bool:
        """Whether a line is in its head start."""
        return len(self.lines) == 1 and self.lines[0].index == 0 and self.lines[0].leads

    def add(self, line: Line, layers: Sequence[CacheLayerMixin], head: int, rest: int) -> None:
        """A new line, whose prompt was read into `layers` ([1, heads, head + rest, width])."""
        if not self._layers:
            self._layers = [_Layer(layer, self._rows, self._slots, self._used) for layer in layers]
        row, start = len(self.lines), self._used - rest
        for mine, read in zip(self._layers, layers, strict=True):
            for ours, theirs in ((mine.keys, read.keys), (mine.values, read.values)):
                ours[row, :, :head] = theirs[0, :, :head]
                ours[row, :, start : self._used] = theirs[0, :, head:]
            mine.live += 1
        self._mask[row] = False
        self._mask[row, :head] = True
        self._mask[row, start : self._used] = True
        self._positions[row] = head + rest
        self.lines.append(line)

    def next(self) -> tuple[Tensor, Tensor, Tensor, Cache]:
        """What the model is given for the next step: ids and positions [rows, 1], mask, cache."""
        live = len(self.lines)
        ids = torch.tensor([[line.ids[-1]] for line in self.lines])
        positions = self._positions[:live, None].clone()
        self._mask[:live, self._used] = True
        self._used += 1
        self._positions[:live] += 1
        return ids, positions, self._mask[:live, None, None, : self._used], Cache(layers=list(self._layers))

    @torch.inference_mode()
    def drop_finished(self) -> None:
        """Lines that are done leave; the last row moves into the gap."""
        for row in reversed(range(len(self.lines))):
            if not self.lines[row].done:
                continue
            last = len(self.lines) - 1
            if row != last:
                for layer in self._layers:
                    layer.keys[row] = layer.keys[last]
                    layer.values[row] = layer.values[last]
                self._mask[row] = self._mask[last]
                self._positions[row] = self._positions[last]
                self.lines[row] = self.lines[last]
            self.lines.pop()
            for layer in self._layers:
                layer.live -= 1
