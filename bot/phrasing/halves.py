"""A causal language model run in two halves: the lower layers, whose outcome is remembered, and the upper ones."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention
from transformers import AttentionInterface

from bot.phrasing.training_data import Example, Packed, pack

PREFIX = -1
"""The key under which the outcome of the shared prefix is remembered."""
ATTENTION = "zhiyin_packed"


class Halves:
    """Runs packed examples through a model of transformers whose layers below `first` never change.

    `words`: the token ids [n], in ascending order, that the softmax is taken over.
    """

    def __init__(self, model: Any, first: int, words: Tensor) -> None:
        AttentionInterface.register(ATTENTION, packed_attention)
        model.set_attn_implementation(ATTENTION)
        self._body = model.model
        self._first = first
        self._words = words.to(model.device)
        self._output = model.lm_head.weight.detach()[self._words]
        self._kinds = getattr(model.config, "layer_types", None) or [""] * len(self._body.layers)
        self._remembered: dict[int, tuple[Tensor, Tensor]] = {}

    def losses(self, prefix: Sequence[int], batch: Sequence[Example]) -> Tensor:
        """[t] the negative log-likelihood of each token of the answers."""
        packed = pack(prefix, batch).to(self._output.device)
        hidden = self._run(self._lower(prefix, batch, packed), packed, self._first, None)
        logits = linear(self._body.norm(hidden[0, packed.at]), self._output)
        targets = torch.searchsorted(self._words, packed.targets)
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")

    @torch.no_grad()
    def _lower(self, prefix: Sequence[int], batch: Sequence[Example], packed: Packed) -> Tensor:
        """[1, L, width] what the lower layers give; remembered example by example."""
        if self._first == 0:
            embedded: Tensor = self._body.embed_tokens(packed.ids)
            return embedded
        new = [example for example in batch if example.key not in self._remembered]
        if new:
            fresh = pack(prefix, new).to(packed.ids.device)
            hidden = self._run(self._body.embed_tokens(fresh.ids), fresh, 0, self._first)[0]
            keys = [PREFIX, *(example.key for example in new)]
            self._remembered |= zip(keys, map(_halved, hidden.split_with_sizes(list(fresh.sizes))), strict=True)
        keys = [PREFIX, *(example.key for example in batch)]
        return torch.cat([whole * loudest for whole, loudest in map(self._remembered.__getitem__, keys)])[None]

    def _run(self, hidden: Tensor, packed: Packed, first: int, last: int | None) -> Tensor:
        """[1, L, width] after the layers from `first` to before `last`."""
        turns = self._turns(hidden, packed.positions)
        for layer, kind in list(zip(self._body.layers, self._kinds, strict=True))[first:last]:
            hidden = layer(hidden, position_ids=packed.positions, position_embeddings=turns[kind], sizes=packed.sizes)
        return hidden

    def _turns(self, hidden: Tensor, positions: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Cosines and sines of the rotary angles for each kind of layer."""
        rotary, kinds = self._body.rotary_emb, set(self._kinds)
        if "layer_type" in signature(rotary.forward).parameters:
            return {kind: rotary(hidden, positions, kind) for kind in kinds}
        return dict.fromkeys(kinds, rotary(hidden, positions))


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    sizes: Sequence[int],
    scaling: float,
    **_: object,
) -> tuple[Tensor, None]:
    """Causal attention, as transformers calls it, of a prefix and of each example to the prefix and itself.

    `query`: [1, heads, L, width]; `key`, `value`: [1, shared heads, L, width]; `sizes`: tokens of the prefix and of
    each example, L in all. Returns [1, L, heads, width]. No example is longer than a local layer sees, so local and
    global layers are alike.
    """
    queries, keys, values = (part.split_with_sizes(list(sizes), dim=2) for part in (query, key, value))
    out = []
    for n, asked in enumerate(queries):
        seen, told = keys[:1], values[:1]
        if n:
            seen, told = (*seen, keys[n]), (*told, values[n])
        before = sizes[0] if n else 0
        mask = torch.ones(sizes[n], before + sizes[n], dtype=torch.bool, device=query.device).tril(before)
        out.append(
            scaled_dot_product_attention(
                asked, torch.cat(seen, dim=2), torch.cat(told, dim=2), attn_mask=mask, scale=scaling, enable_gqa=True
            )
        )
    return torch.cat(out, dim=2).transpose(1, 2).contiguous(), None


def _halved(hidden: Tensor) -> tuple[Tensor, Tensor]:
    """[L, width] in half precision beside a float32 scale for each token [L, 1], since single ones exceed its range."""
    loudest = hidden.float().abs().amax(dim=-1, keepdim=True).clamp_min_(1e-6)
    return (hidden / loudest).half(), loudest
