"""Frozen layers that are trained through as they serve."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bot.phrasing.quantize import Int8Linear, to_int8
from bot.phrasing.served import ServedLinear, freeze_as_served


@pytest.fixture(params=[True, False], ids=["bias", "no bias"])
def exact(request: pytest.FixtureRequest) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(24, 16, bias=request.param)


def test_it_gives_what_the_served_layer_gives(exact: nn.Linear) -> None:
    x = torch.randn(2, 5, 24)
    weight, scale = to_int8(exact.weight)
    assert torch.equal(ServedLinear(exact)(x), Int8Linear(weight, scale, exact.bias)(x))
    # What the layer said before is near, but not the same.
    assert not torch.equal(ServedLinear(exact)(x), exact(x))
    assert torch.allclose(ServedLinear(exact)(x), exact(x), atol=0.1)


def test_its_gradient_is_that_of_the_product_with_the_rounded_weight(exact: nn.Linear) -> None:
    served = ServedLinear(exact)
    weight, scale = to_int8(exact.weight)
    rounded = weight.float() * scale[:, None]
    assert torch.equal(served.weight, rounded)
    x, grad = torch.randn(2, 5, 24, requires_grad=True), torch.randn(2, 5, 16)
    served(x).backward(grad)
    assert x.grad is not None
    assert torch.allclose(x.grad, grad @ rounded, atol=1e-6)
    assert served.weight.grad is None


class Small(nn.Module):
    """Always the same weights."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(8, 8)
        self.lm_head = nn.Linear(8, 4)


def test_on_a_cpu_the_layers_compute_in_int8() -> None:
    model = Small()
    freeze_as_served(model, torch.device("cpu"))
    assert isinstance(model.layer, ServedLinear)
    assert type(model.lm_head) is nn.Linear
    assert torch.equal(model.lm_head.weight, Small().lm_head.weight)


def test_elsewhere_their_weights_are_rounded() -> None:
    model, cpu = Small(), Small()
    freeze_as_served(model, torch.device("cuda"))
    freeze_as_served(cpu, torch.device("cpu"))
    assert type(model.layer) is nn.Linear
    assert torch.equal(model.layer.weight, cpu.layer.weight)
    assert not torch.equal(model.layer.weight, Small().layer.weight)
