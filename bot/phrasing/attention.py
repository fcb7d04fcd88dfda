"""Attention for a few tokens at a time, where heads share keys and values.

The kernel that torch brings repeats the shared keys and values for each head and splits its work by head; for
the one token a line that a decoding step has, plain products over the shared ones take a third of its time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface

NAME = "zhiyin_grouped"
PLAIN_KINDS = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Model types whose attention is softmax(q·k)·v and nothing more."""


def use_grouped_attention(model: Any) -> None:
    """Let the model use `grouped_attention`, where its own attention is no more than that."""
    if model.config.model_type in PLAIN_KINDS:
        AttentionInterface.register(NAME, grouped_attention)
        model.set_attn_implementation(NAME)


def grouped_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    *,
    scaling: float,
    **_: object,
) -> tuple[Tensor, None]:
    """softmax(query · key) · value, as transformers calls it.

    `query`: [rows, heads, tokens, width]; `key`, `value`: [rows, shared heads, slots, width]; `attention_mask`:
    bool, [rows or 1, 1, tokens, slots], True where a token may look. Returns [rows, tokens, heads, width].
    """
    rows, heads, tokens, width = query.shape
    shared = key.shape[1]
    folded = query.reshape(rows, shared, heads // shared * tokens, width)
    scores = (folded @ key.transpose(2, 3)).view(rows, heads, tokens, -1).mul_(scaling)
    weights = scores.masked_fill_(~attention_mask, -torch.inf).softmax(dim=-1)
    out = weights.view(rows, shared, heads // shared * tokens, -1) @ value
    return out.view(rows, heads, tokens, width).transpose(1, 2), None
