"""The weights of Qwen2 and Gemma 3 as the lean forward pass takes them: fused, reordered, scaled beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bot.phrasing.lean_layer import Layer
from bot.phrasing.quantize import Int8Linear

Weights = Mapping[str, Tensor]
"""A model's parameters by their names in transformers; int8 ones have a `scale` beside their `weight`."""

GEMMA = "gemma3_text"


@dataclass(frozen=True)
class Matrix:
    """A linear layer: `weight` [outputs, inputs], int8 where it has a `scale` [outputs]; `bias` [outputs]."""

    weight: Tensor
    scale: Tensor | None = None
    bias: Tensor | None = None

    @classmethod
    def named(cls, weights: Weights, name: str) -> Matrix:
        """The matrix of that name. Raises KeyError where there is none."""
        return cls(weights[f"{name}.weight"], weights.get(f"{name}.scale"), weights.get(f"{name}.bias"))

    def copy(self) -> Matrix:
        """The same in memory of its own: what is read from a file may be a view, which keeps all of it in memory."""
        return Matrix(*(None if part is None else part.clone() for part in self._parts))  # type: ignore[arg-type]

    def rows(self, order: Tensor) -> Matrix:
        """The outputs of these numbers."""
        return Matrix(*(None if part is None else part[order] for part in self._parts))  # type: ignore[arg-type]

    def times(self, factor: float) -> Matrix:
        """The same with outputs so much larger."""
        bias = None if self.bias is None else self.bias * factor
        if self.scale is None:
            return Matrix(self.weight * factor, None, bias)
        return Matrix(self.weight, self.scale * factor, bias)

    def linear(self) -> nn.Module:
        """The matrix at work: float32 [tokens, inputs] -> float32 [tokens, outputs]."""
        if self.scale is not None:
            return Int8Linear(self.weight, self.scale, self.bias)
        outputs, inputs = self.weight.shape
        made = nn.Linear(inputs, outputs, bias=self.bias is not None, device="meta")
        made.weight = nn.Parameter(self.weight.float(), requires_grad=False)
        if self.bias is not None:
            made.bias = nn.Parameter(self.bias.float(), requires_grad=False)
        return made

    @property
    def _parts(self) -> tuple[Tensor, Tensor | None, Tensor | None]:
        return self.weight, self.scale, self.bias


def fused(*matrices: Matrix) -> nn.Module:
    """One linear layer that gives the outputs of all, one after another."""
    scales = [m.scale for m in matrices if m.scale is not None]
    biases = [m.bias for m in matrices if m.bias is not None]
    whole = Matrix(
        torch.cat([m.weight for m in matrices]),
        torch.cat(scales) if scales else None,
        torch.cat(biases) if biases else None,
    )
    return whole.linear()


def build_layer(config: Any, weights: Weights, number: int) -> Layer:
    """The layer of that number. Raises KeyError where the weights are not those of the configuration."""
    at, gemma, width = f"model.layers.{number}", config.model_type == GEMMA, head_width(config)
    query, key, value = (Matrix.named(weights, f"{at}.self_attn.{name}_proj") for name in ("q", "k", "v"))
    query, key = _turnable(query, width), _turnable(key, width)
    # Gemma has a norm behind attention too, which has the name of the one that Qwen has before the gates.
    before_gates = "pre_feedforward" if gemma else "post_attention"
    return Layer(
        shared=config.num_key_value_heads,
        width=width,
        epsilon=config.rms_norm_eps,
        local=config.layer_types[number] == "sliding_attention",
        smooth=gemma,
        attention_in=fused(query if gemma else query.times(width**-0.5), key, value),
        attention_out=Matrix.named(weights, f"{at}.self_attn.o_proj").linear(),
        feed_in=fused(*(Matrix.named(weights, f"{at}.mlp.{name}_proj") for name in ("gate", "up"))),
        feed_out=Matrix.named(weights, f"{at}.mlp.down_proj").linear(),
        attention_norm=norm(config, weights, f"{at}.input_layernorm"),
        heads_norm=_heads_norm(config, weights, at) if gemma else None,
        attention_out_norm=norm(config, weights, f"{at}.post_attention_layernorm") if gemma else None,
        feed_norm=norm(config, weights, f"{at}.{before_gates}_layernorm"),
        feed_out_norm=norm(config, weights, f"{at}.post_feedforward_layernorm") if gemma else None,
    )


def head_width(config: Any) -> int:
    """The width of a head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def norm(config: Any, weights: Weights, name: str) -> Tensor:
    """What a norm multiplies by, float32. Gemma stores it less one."""
    return weights[f"{name}.weight"].float() + (1.0 if config.model_type == GEMMA else 0.0)


def _heads_norm(config: Any, weights: Weights, at: str) -> Tensor:
    """[heads + shared heads, width]; the queries' has the scale of attention in it."""
    query, key = (norm(config, weights, f"{at}.self_attn.{name}_norm") for name in ("q", "k"))
    order = neighbours(len(query))
    query = query[order] * config.query_pre_attn_scalar**-0.5
    return torch.stack([query] * config.num_attention_heads + [key[order]] * config.num_key_value_heads)


def _turnable(matrix: Matrix, width: int) -> Matrix:
    """Every head's outputs in the order of `neighbours`."""
    heads = torch.arange(0, len(matrix.weight), width)
    return matrix.rows((heads[:, None] + neighbours(width)).flatten())


def neighbours(width: int) -> Tensor:
    """[width] an order in which the two dimensions that rotary embedding turns together stand side by side."""
    return torch.arange(width).view(2, -1).t().flatten()
