"""Any causal language model of transformers, run by its own forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bot.phrasing.memory import Memory, Shape
from bot.phrasing.network import Piece, alike


class TransformersNetwork:
    """A model whose every layer has keys and values. It may write all of its words."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.words = torch.arange(model.config.vocab_size)
        self.shapes = _shapes(model)

    @torch.inference_mode()
    def __call__(self, pieces: Sequence[Piece], memory: Memory) -> Tensor:
        """See `Network`."""
        return torch.cat([self._run(group, memory) for group in alike(pieces)])

    def _run(self, pieces: Sequence[Piece], memory: Memory) -> Tensor:
        """The same for pieces that are alike."""
        window = _Window(pieces, memory)
        most = max(piece.asks for piece in pieces)
        out = self._model(
            input_ids=torch.tensor([piece.ids for piece in pieces]),
            position_ids=window.places,
            attention_mask=self._mask(window),
            cache=window,
            use_cache=True,
            logits_to_keep=max(most, 1),
        )
        logits: Tensor = out.logits.float()
        return torch.cat([row[len(row) - piece.asks :] for row, piece in zip(logits, pieces, strict=True)])

    def _mask(self, window: _Window) -> Tensor | dict[str, Tensor]:
        """[rows, 1, tokens, slots], True where a token may look; by kind of layer where the model has several."""
        slot, at = torch.arange(window.used), window.places[:, None, :, None]
        seen = slot <= at
        near = getattr(self._model.config, "sliding_window", None)
        local = seen & (slot > at - near) if near else seen
        kinds = getattr(self._model.config, "layer_types", None) or ["sliding_attention"]
        masks = {"full_attention": seen, "sliding_attention": local}
        return masks if len(set(kinds)) > 1 else masks[kinds[0]]


class _Window:
    """Some rows of a memory, as a model of transformers takes its cache."""

    is_compileable = False

    def __init__(self, pieces: Sequence[Piece], memory: Memory) -> None:
        self.places = torch.stack([torch.arange(piece.start, piece.end) for piece in pieces])
        self.used = max(piece.end for piece in pieces)
        self._rows = torch.tensor([[piece.row] for piece in pieces])
        self._those = slice(pieces[0].row, pieces[-1].row + 1)
        self._memory = memory

    def update(self, keys: Tensor, values: Tensor, layer: int, **_: object) -> tuple[Tensor, Tensor]:
        """Takes a layer's new keys and values [rows, heads, tokens, width]; returns all, old and new."""
        blocks = self._memory.keys[layer], self._memory.values[layer]
        for block, new in zip(blocks, (keys, values), strict=True):
            block[self._rows, :, self.places] = new.transpose(1, 2)
        held_keys, held_values = (block[self._those, :, : self.used] for block in blocks)
        return held_keys, held_values

    def get_seq_length(self, layer: int = 0) -> int:
        """Slots in use before this pass, or after it: the positions are given, so no model asks for more."""
        return self.used - self.places.shape[1]

    def get_mask_sizes(self, query_length: int, layer: int = 0) -> tuple[int, int]:
        """How many slots are looked at, and where they start."""
        return self.used, 0


class _Probe:
    """A cache that only notes what it would have to hold."""

    is_compileable = False

    def __init__(self) -> None:
        self.shapes: list[tuple[Shape, Shape]] = []

    def update(self, keys: Tensor, values: Tensor, layer: int, **_: object) -> tuple[Tensor, Tensor]:
        """Notes a layer's heads and their width."""
        self.shapes.append(((keys.shape[1], keys.shape[3]), (values.shape[1], values.shape[3])))
        return keys, values

    def get_seq_length(self, layer: int = 0) -> int:
        """Nothing came before."""
        return 0

    def get_mask_sizes(self, query_length: int, layer: int = 0) -> tuple[int, int]:
        """Only what is asked."""
        return query_length, 0


@torch.inference_mode()
def _shapes(model: Any) -> Sequence[tuple[Shape, Shape]]:
    probe = _Probe()
    one = torch.zeros(1, 1, dtype=torch.long)
    model(input_ids=one, position_ids=one, attention_mask=one[None, None] == 0, cache=probe, use_cache=True)
    return probe.shapes
