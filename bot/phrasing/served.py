"""Frozen linear layers for training: with the int8 weights that serve, and on a CPU with its arithmetic too."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bot.phrasing.quantize import Int8Linear, to_int8


class ServedLinear(nn.Linear):
    """A frozen linear layer that computes as it does when it serves, which on a CPU is also faster than float32.

    It is made from a layer in full precision, whose bias it shares. Its `weight` is float32, on the steps of the int8:
    the gradient passes through it as if the inputs were not rounded.
    """

    def __init__(self, exact: nn.Linear) -> None:
        super().__init__(1, 1, bias=False, device="meta")
        whole, scale = to_int8(exact.weight)
        self.in_features, self.out_features = exact.in_features, exact.out_features
        self.weight = nn.Parameter(whole.float() * scale.unsqueeze(1), requires_grad=False)
        self.bias = exact.bias
        self.served = Int8Linear(whole, scale, exact.bias)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., inputs] -> float32 [..., outputs]."""
        y: Tensor = _Served.apply(x, self.served, self.weight)  # type: ignore[no-untyped-call]
        return y


class _Served(torch.autograd.Function):
    """The int8 product forwards, the product with the rounded weight backwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, served: Int8Linear, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        y: Tensor = served(x)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        return grad @ weight, None, None


@torch.no_grad()
def freeze_as_served(model: nn.Module, device: torch.device) -> None:
    """Puts every linear weight of a model's layers, in place, on the steps of the int8 that serves.

    On a CPU the layers become ServedLinear; elsewhere, where there is no such int8, they stay what they are. The output
    layer is left alone. `device`: where the model will be trained.
    """
    for name, layer in list(model.named_modules()):
        if not isinstance(layer, nn.Linear) or name == "lm_head":
            continue
        if device.type == "cpu":
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, ServedLinear(layer))
        else:
            whole, scale = to_int8(layer.weight)
            layer.weight.copy_(whole.float() * scale.unsqueeze(1))
