"""8-bit arithmetic for a language model: linear layers in int8, the word table in the precision it is stored in.

The usual dynamic int8 gives the input of a call one scale, so that a single loud token drowns all others. Here
every token has its own scale and every output channel has one: on the embedded model the likelihood of written
lines is then that of float32 within noise, all layers included.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

LIMIT = 127
"""Largest magnitude of a signed 8-bit weight."""
QUIETEST = 1e-6
"""Inputs below this magnitude count as zero."""


class Int8Linear(nn.Module):
    """A linear layer with int8 weights, one scale an output channel; inputs are quantised token by token."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._packed = _pack(linear.weight.detach())
        bias = None if linear.bias is None else linear.bias.detach().float()
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., inputs] -> float32 [..., outputs]."""
        loudest = x.abs().amax(dim=-1, keepdim=True).clamp_min_(QUIETEST)
        # Seven bits for the input: without VNNI the processor adds pairs of products in 16 bits, which eight
        # would overflow.
        y: Tensor = torch.ops.quantized.linear_dynamic(x / loudest, self._packed, reduce_range=True)
        y.mul_(loudest)
        bias: Tensor | None = self.bias
        return y if bias is None else y.add_(bias)


class StoredEmbedding(nn.Module):
    """A word table that stays in the precision it came in; only the words looked up are made float32."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        self.register_buffer("weight", embedding.weight.detach())

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids [...] -> float32 [..., width]."""
        return self.get_buffer("weight")[ids].float()


def rounded(weight: Tensor) -> Tensor:
    """The weight [outputs, inputs] as float32, rounded to what `Int8Linear` multiplies with."""
    scale = _scale(weight).unsqueeze(1)
    return (weight.float() / scale).round_().mul_(scale)


def quantise(model: nn.Module) -> None:
    """Replace, in place, the linear layers by int8 and the word table by a stored one; the rest becomes float32.

    Layer by layer, so that the model never stands in float32 as a whole.
    """
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear):
            _replace(model, name, Int8Linear(layer))
        elif type(layer) is nn.Embedding:
            _replace(model, name, StoredEmbedding(layer))
    for parameter in model.parameters():
        parameter.data = parameter.data.float()
    model.requires_grad_(False).eval()


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, layer)


def _scale(weight: Tensor) -> Tensor:
    """[outputs] float32: what one step of each output channel's int8 weights stands for."""
    return weight.abs().amax(dim=1).float().clamp_min_(1e-8) / LIMIT


def _pack(weight: Tensor) -> object:
    scale = _scale(weight).double()
    zero = torch.zeros(len(scale), dtype=torch.long)
    with warnings.catch_warnings():
        # torch announces the end of its quantised tensors; the pinned version has them, and nothing else in it
        # multiplies int8 on a CPU nearly as fast.
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
        quantised = torch.quantize_per_channel(weight.float(), scale, zero, 0, torch.qint8)
    packed: object = torch.ops.quantized.linear_prepack(quantised, None)
    return packed
