"""Small language models with random weights, and plain ways to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

SIZES = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "eos_token_id": 256,
    "pad_token_id": 256,
}
QWEN2 = Qwen2Config(**SIZES)
GEMMA3 = Gemma3TextConfig(
    **SIZES,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    sliding_window=16,
    query_pre_attn_scalar=5,
)
QWEN3 = Qwen3Config(**SIZES)
LLAMA = LlamaConfig(**SIZES)


def model_of(config: Any) -> Any:
    """A model of that configuration; norms and biases, which begin as ones and zeros, are random too."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(config).eval()
    for weights in model.parameters():
        if weights.dim() == 1:
            weights.data += 0.3 * torch.randn_like(weights)
    return model


def weights_of(model: Any) -> dict[str, torch.Tensor]:
    """Its parameters by name."""
    return {name: weights.detach() for name, weights in model.named_parameters()}


def continued(model: Any, ids: Sequence[int], count: int) -> list[int]:
    """The likeliest tokens after `ids`, by one whole pass for each, without any memory."""
    all_ids = list(ids)
    with torch.inference_mode():
        for _ in range(count):
            all_ids.append(int(model(torch.tensor([all_ids])).logits[0, -1].argmax()))
    return all_ids[-count:]
