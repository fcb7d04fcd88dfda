"""What the tokens of one pass may look at: each what its own line has before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bot.phrasing.lean_layer import Span
from bot.phrasing.network import Piece, alike


class Lookout:
    """Where the tokens of a pass lie in the memory and what each of them sees; the same for all layers.

    `positions` [tokens]; `asking`: the tokens after which is asked; `places` [tokens · shared]: where their keys and
    values go in a block [rows, shared, slots, width] of the memory; `spans`: the lines, in groups that attention serves
    together; `masks`: for each of them, for layers that see all and for local ones, what is added to the products of
    queries and keys [rows · shared, tokens of each · queries, slots seen].
    """

    def __init__(self, pieces: Sequence[Piece], slots: int, shared: int, queries: int, window: int | None) -> None:
        """`slots`, `shared`: those of the memory and its heads; `queries`: heads of queries that share one of these;
        `window`: how many tokens a local layer sees, None where there are no such layers."""
        self.positions = torch.cat([torch.arange(piece.start, piece.end) for piece in pieces])
        ends = torch.tensor([len(piece.ids) for piece in pieces]).cumsum(0).tolist()
        self.asking = [place for piece, end in zip(pieces, ends, strict=True) for place in range(end - piece.asks, end)]
        rows = torch.tensor([piece.row for piece in pieces for _ in piece.ids])
        self.places = ((rows[:, None] * shared + torch.arange(shared)) * slots + self.positions[:, None]).flatten()
        self.spans: list[Span] = []
        self.masks: list[list[Tensor]] = [[], []]
        for group in alike(pieces):
            used = max(piece.end for piece in group)
            self.spans.append((group[0].row, len(group), len(group[0].ids), used))
            positions = torch.stack([torch.arange(piece.start, piece.end) for piece in group])
            everything = _mask(positions, used, shared, queries, None)
            narrow = window is not None and used > window
            self.masks[0].append(everything)
            self.masks[1].append(_mask(positions, used, shared, queries, window) if narrow else everything)


def _mask(positions: Tensor, used: int, shared: int, queries: int, window: int | None) -> Tensor:
    """For positions [rows, tokens]: 0 where one may look, else -inf, [rows · shared, tokens · queries, used]."""
    slot, at = torch.arange(used), positions[:, None, :, None, None]
    hidden = slot > at
    if window is not None:
        hidden |= slot <= at - window
    mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
    mask = mask.expand(-1, shared, -1, queries, -1)
    return mask.reshape(len(positions) * shared, -1, used)
