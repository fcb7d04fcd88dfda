"""8-bit arithmetic for an encoder's layers: linear layers in dynamic int8, the word table in int8 rows.

Dynamic int8 gives the input of a layer one scale a call, so one large column drowns the others. The
columns are therefore evened out first: what an input column is divided by, its weights are multiplied with
(SmoothQuant, Xiao et al. 2023, strength 0.5), measured on a few texts that run through the model once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

LIMIT = 127
"""Largest magnitude of a signed 8-bit weight."""
UNEVEN = 10
"""How many times the usual column the largest must be for the columns to be evened out."""


class Int8Rows(nn.Module):
    """An embedding table kept as int8 with one float scale a row: a quarter of the memory of float32."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(dim=1).float().clamp_min(1e-8) / LIMIT
        rows = torch.empty(weight.shape, dtype=torch.int8)
        # In parts, so that the table never stands in float32 as a whole.
        for start in range(0, len(weight), 8192):
            part = slice(start, start + 8192)
            rows[part] = (weight[part].float() / scale[part, None]).round_().to(torch.int8)
        self.register_buffer("rows", rows)
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids [...] -> float32 [..., width]."""
        rows, scale = self.get_buffer("rows"), self.get_buffer("scale")
        return rows[ids].float().mul_(scale[ids].unsqueeze(-1))


class Int8Linear(nn.Module):
    """A linear layer with int8 weights, one scale an output; the input is quantised at each call.

    `reach`: the largest magnitude [inputs] that each input column is seen to take.
    """

    def __init__(self, linear: nn.Linear, reach: Tensor) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        bias = None if linear.bias is None else linear.bias.detach().float()
        usual = float(reach.median())
        # Evening out costs a multiplication a call, which columns that are even enough do not repay.
        self._uneven = float(reach.max()) > UNEVEN * usual
        if self._uneven:
            columns = (reach.clamp_min(usual / 10) / weight.abs().amax(dim=0).clamp_min(1e-5)).sqrt()
            columns = columns / columns.median()
            weight = weight * columns
            self.register_buffer("smooth", 1 / columns)
        self._packed = _pack(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., inputs] -> float32 [..., outputs]."""
        if self._uneven:
            x = x * self.get_buffer("smooth")
        y: Tensor = torch.ops.quantized.linear_dynamic(x, self._packed)
        return y


def quantise_words(model: nn.Module) -> None:
    """Replace the word table of a BERT by `Int8Rows`."""
    words = model.get_submodule("embeddings.word_embeddings").get_parameter("weight").detach()
    model.set_submodule("embeddings.word_embeddings", Int8Rows(words))


def _pack(weight: Tensor, bias: Tensor | None) -> object:
    scale = (weight.abs().amax(dim=1).clamp_min(1e-8) / LIMIT).double()
    zero = torch.zeros(len(scale), dtype=torch.long)
    with warnings.catch_warnings():
        # torch announces the end of its quantised tensors; the pinned version has them, and nothing else in
        # it multiplies int8 on a CPU nearly as fast.
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
        quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
    packed: object = torch.ops.quantized.linear_prepack(quantised, bias)
    return packed


def quantise_linears(model: nn.Module, run: Callable[[], object]) -> None:
    """Replace every linear layer of `model` by an `Int8Linear`. `run` sends usual texts through the model."""
    reach: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen = inputs[0].detach().abs().flatten(0, -2).amax(dim=0).float()
            reach[name] = torch.maximum(reach[name], seen) if name in reach else seen

        return hook

    linears = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in linears.items()]
    run()
    for hook in hooks:
        hook.remove()
    for name in reach:
        model.set_submodule(name, Int8Linear(linears[name], reach[name]))
