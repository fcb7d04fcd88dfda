"""Attention of the tokens of one pass, each to what its own line has before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bot.phrasing.network import Piece, alike


class Lookout:
    """Where the tokens of a pass lie in the memory and what each of them sees; the same for all layers."""

    def __init__(self, pieces: Sequence[Piece], slots: int, shared: int, queries: int, window: int | None) -> None:
        """`slots`, `shared`: those of the memory and its heads; `queries`: heads of queries that share one of these;
        `window`: how many tokens a local layer sees, None where there are no such layers."""
        self.positions = torch.cat([torch.arange(piece.start, piece.end) for piece in pieces])
        ends = torch.tensor([len(piece.ids) for piece in pieces]).cumsum(0).tolist()
        self.asking = [place for piece, end in zip(pieces, ends, strict=True) for place in range(end - piece.asks, end)]
        rows = torch.tensor([piece.row for piece in pieces for _ in piece.ids])
        self._places = ((rows[:, None] * shared + torch.arange(shared)) * slots + self.positions[:, None]).flatten()
        self._groups = [_Group(group, shared, queries, window) for group in alike(pieces)]

    def write(self, block: Tensor, new: Tensor) -> None:
        """Puts keys or values [tokens, shared, width] where they belong in a block of the memory."""
        block.view(-1, block.shape[3]).index_copy_(0, self._places, new.reshape(-1, block.shape[3]))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor, *, local: bool) -> Tensor:
        """softmax(query · key) · value of every token: [tokens, heads, width] -> [tokens, heads · width].

        `keys`, `values`: a layer's blocks of the memory. The queries must have been scaled.
        """
        asked = torch.split(query, [group.tokens for group in self._groups])
        seen = [group.attend(part, keys, values, local) for part, group in zip(asked, self._groups, strict=True)]
        return seen[0] if len(seen) == 1 else torch.cat(seen)


class _Group:
    """Some rows that follow each other, with equally many tokens each."""

    def __init__(self, pieces: Sequence[Piece], shared: int, queries: int, window: int | None) -> None:
        self._size = len(pieces[0].ids)
        self._rows = slice(pieces[0].row, pieces[-1].row + 1)
        self._used = max(piece.end for piece in pieces)
        self._shared, self._queries = shared, queries
        self.tokens = len(pieces) * self._size
        positions = torch.stack([torch.arange(piece.start, piece.end) for piece in pieces])
        everything = self._mask(positions, None)
        narrow = window is not None and self._used > window
        self._masks = (everything, self._mask(positions, window) if narrow else everything)

    def attend(self, query: Tensor, keys: Tensor, values: Tensor, local: bool) -> Tensor:
        """[tokens, heads, width] -> [tokens, heads · width]."""
        rows, width = len(query) // self._size, query.shape[2]
        # One matrix for each row and shared head: [tokens · queries, width] against [slots, width].
        asked = query.reshape(rows, self._size, self._shared, self._queries, width).transpose(1, 2)
        those = (self._rows, slice(None), slice(self._used))
        seen = _weigh(
            asked.reshape(rows * self._shared, -1, width),
            keys[those].flatten(0, 1),
            values[those].flatten(0, 1),
            self._masks[local],
        )
        whole = seen.view(rows, self._shared, self._size, -1).transpose(1, 2)
        return whole.reshape(len(query), -1)

    def _mask(self, positions: Tensor, window: int | None) -> Tensor:
        """[rows · shared, tokens · queries, used] for the positions [rows, tokens]: 0 where one may look, else -inf."""
        slot, at = torch.arange(self._used), positions[:, None, :, None, None]
        hidden = slot > at
        if window is not None:
            hidden |= slot <= at - window
        mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
        mask = mask.expand(-1, self._shared, -1, self._queries, -1)
        return mask.reshape(len(positions) * self._shared, -1, self._used)


def _weigh(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """[n, queries, width] from as many groups of keys and values [n, slots, width]."""
    return torch.bmm(torch.bmm(query, keys.transpose(1, 2)).add_(mask).softmax(dim=-1), values)
