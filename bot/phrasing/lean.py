"""A lean forward pass for the architectures that ship: Qwen2, and the text part of Gemma 3.

It computes what transformers computes, with fewer and larger operations. The tokens of all lines stand in one list,
so that a linear layer reads its weights once, whether a line writes its next token or a prompt is read; only attention
looks at lines. Queries, keys and values come from one matrix, and so do the gates and what they let through. Of every
head, the two dimensions that rotary embedding turns together are neighbours, one complex number; the products of
queries and keys are the same in any order. The scale of attention lies in the queries' weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bot.phrasing.lean_attention import Lookout
from bot.phrasing.lean_layer import compiled, normed
from bot.phrasing.lean_weights import GEMMA, Matrix, Weights, build_layer, head_width, norm
from bot.phrasing.memory import Memory, Shape
from bot.phrasing.network import Piece
from bot.phrasing.quantize import StoredEmbedding


def is_lean(config: Any) -> bool:
    """Whether a model of this configuration can be run by `LeanNetwork`."""
    match config.model_type:
        case "qwen2":
            ropes = [config.rope_parameters]
            plain = config.hidden_act == "silu" and not config.use_sliding_window
        case "gemma3_text":
            ropes = list(config.rope_parameters.values())
            plain = (
                config.hidden_activation == "gelu_pytorch_tanh"
                and not config.attention_bias
                and not config.use_bidirectional_attention
                and config.attn_logit_softcapping is None
                and config.final_logit_softcapping is None
            )
        case _:
            return False
    return plain and all(rope["rope_type"] == "default" for rope in ropes)


class LeanNetwork:
    """The weights of one model, and its forward pass."""

    def __init__(self, config: Any, weights: Weights, words: Tensor) -> None:
        """`config`: as transformers has it; `words`: the token ids that may be written.

        Raises KeyError where the weights are not those of this configuration.
        """
        self.words = words
        self._gemma = config.model_type == GEMMA
        self._heads, self._shared = config.num_attention_heads, config.num_key_value_heads
        self._width = head_width(config)
        self._epsilon = config.rms_norm_eps
        self._window = config.sliding_window if self._gemma else None
        self._rates = [_rates(base, self._width) for base in _rope_bases(config)]
        table = Matrix.named(weights, "model.embed_tokens").copy()
        self._table = StoredEmbedding(table.weight, table.scale)
        self._loudness = math.sqrt(config.hidden_size) if self._gemma else 1.0
        self._depth = config.num_hidden_layers
        self._stack = compiled([build_layer(config, weights, number) for number in range(self._depth)])
        self._last_norm = norm(config, weights, "model.norm")
        out = Matrix.named(weights, "lm_head").copy() if "lm_head.weight" in weights else table
        self._out = out.rows(words).linear()
        self._all = StoredEmbedding(out.weight, out.scale)

    @property
    def shapes(self) -> Sequence[tuple[Shape, Shape]]:
        """See `Network`."""
        return [((self._shared, self._width), (self._shared, self._width))] * self._depth

    @torch.inference_mode()
    def __call__(self, pieces: Sequence[Piece], memory: Memory) -> Tensor:
        """See `Network`."""
        lookout = Lookout(pieces, memory.slots, self._shared, self._heads // self._shared, self._window)
        turns = [_turns(lookout.positions, rates) for rates in self._rates]
        hidden = self._table.forward(torch.tensor([token for piece in pieces for token in piece.ids]))
        hidden *= self._loudness
        held = [[keys, values] for keys, values in zip(memory.keys, memory.values, strict=True)]
        self._stack(hidden, turns, lookout.places, lookout.spans, lookout.masks, held)
        asking = normed(hidden[lookout.asking], self._last_norm, self._epsilon)
        return self._with_given(asking, [piece.given for piece in pieces for _ in range(piece.asks)])

    def _with_given(self, x: Tensor, given: Sequence[tuple[int, ...]]) -> Tensor:
        """The logits of the words, and of those that each line was given."""
        if not len(x):
            return x.new_empty(0, len(self.words))
        logits: Tensor = self._out(x)
        most = max(map(len, given), default=0)
        if not most:
            return logits
        ids = torch.tensor([[*those, *[0] * (most - len(those))] for those in given])
        missing = torch.arange(most) >= torch.tensor([[len(those)] for those in given])
        more = torch.bmm(self._all.forward(ids), x.unsqueeze(2)).squeeze(2).masked_fill_(missing, -torch.inf)
        return torch.cat([logits, more], dim=1)


def _rope_bases(config: Any) -> tuple[float, float]:
    """The bases of rotary embedding: of layers that see everything, of those that see the window only."""
    ropes = config.rope_parameters
    if config.model_type == GEMMA:
        return ropes["full_attention"]["rope_theta"], ropes["sliding_attention"]["rope_theta"]
    return ropes["rope_theta"], ropes["rope_theta"]


def _rates(base: float, width: int) -> Tensor:
    """[width / 2] by how much each pair of dimensions turns from one position to the next (Su et al., 2021)."""
    return 1.0 / base ** (torch.arange(0, width, 2, dtype=torch.float) / width)


def _turns(positions: Tensor, rates: Tensor) -> Tensor:
    """[tokens, 1, width / 2] complex numbers of length one, which turn what they are multiplied with."""
    angles = positions[:, None, None] * rates
    return torch.polar(torch.ones_like(angles), angles)
