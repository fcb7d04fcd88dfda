"""8-bit layers against the same layers in float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from small_models import QWEN2, model_of
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, Gemma3TextConfig, Qwen2Config

from bot.phrasing.attention import grouped_attention
from bot.phrasing.quantize import LEVELS, LIMIT, Int8Linear, StoredEmbedding, quantise, restore, to_int8


def far(got: Tensor, wanted: Tensor) -> float:
    """The relative distance of the two."""
    return float((got - wanted).norm() / wanted.norm())


@pytest.fixture
def linear() -> nn.Linear:
    torch.manual_seed(1)
    layer = nn.Linear(64, 48)
    # Channels of very different loudness, so that one scale for all would lose the quiet ones.
    layer.weight.data *= torch.logspace(-2, 1, 48)[:, None]
    return layer


def test_every_channel_and_every_token_keeps_its_precision(linear: nn.Linear) -> None:
    layer = Int8Linear(*to_int8(linear.weight), linear.bias)
    x = torch.randn(5, 64)
    x[2] *= 500
    with torch.inference_mode():
        got, wanted = layer(x), linear(x)
    for token in range(5):
        assert far(got[token], wanted[token]) < 0.02
    assert far(got[:, 0], wanted[:, 0]) < 0.02


def test_any_leading_shape_and_silence(linear: nn.Linear) -> None:
    layer = Int8Linear(*to_int8(linear.weight), linear.bias)
    with torch.inference_mode():
        assert layer(torch.randn(2, 3, 64)).shape == (2, 3, 48)
        assert torch.equal(layer(torch.zeros(1, 64))[0], linear.bias)


def test_to_int8_uses_the_whole_range_of_each_channel(linear: nn.Linear) -> None:
    weight, scale = to_int8(linear.weight)
    assert weight.dtype == torch.int8
    assert set(weight.abs().amax(dim=1).tolist()) == {LIMIT}
    assert far(weight * scale[:, None], linear.weight.detach()) < 0.01


def test_the_loudest_inputs_and_weights_do_not_overflow() -> None:
    layer = Int8Linear(*to_int8(torch.ones(8, 64)), None)
    assert torch.allclose(layer(torch.ones(3, 64)), torch.full((3, 8), 64.0), rtol=1e-3)
    assert torch.allclose(layer(-torch.ones(3, 64)), torch.full((3, 8), -64.0), rtol=1e-3)
    assert 2 * LIMIT * (2 * LEVELS + 1) < 1 << 15


def test_to_int8_of_a_silent_channel_is_silent() -> None:
    weight, scale = to_int8(torch.zeros(2, 4))
    assert not weight.any()
    assert scale.isfinite().all()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [Qwen2Config, Gemma3TextConfig])
def test_a_whole_model_survives(kind: Any, tied: bool) -> None:
    config = kind(
        vocab_size=200,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=tied,
    )
    torch.manual_seed(2)
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float16).eval()
    with init_empty_weights():
        served: Any = AutoModelForCausalLM.from_config(config)
    tensors = quantise(model)
    assert tensors["model.embed_tokens.weight"].dtype == (torch.int8 if tied else torch.float16)
    assert ("lm_head.weight" in tensors) != tied
    restore(served, tensors)
    assert not any(type(layer) is nn.Linear for layer in served.modules())
    ids = torch.randint(0, 200, (1, 12))
    with torch.inference_mode():
        got, wanted = served(ids).logits, model.float()(ids).logits
    assert got.dtype == torch.float32
    assert far(got, wanted) < 0.05


def test_a_token_does_not_depend_on_those_beside_it(linear: nn.Linear) -> None:
    layer = Int8Linear(*to_int8(linear.weight), linear.bias)
    x = torch.randn(6, 64) * torch.logspace(-3, 3, 6)[:, None]
    with torch.inference_mode():
        together = layer(x)
        assert all(torch.equal(layer(x[number : number + 1])[0], together[number]) for number in range(6))


@pytest.mark.parametrize("scaled", [True, False])
def test_a_word_table_gives_words_in_float(scaled: bool) -> None:
    whole = torch.randn(20, 8)
    table = StoredEmbedding(*to_int8(whole)) if scaled else StoredEmbedding(whole.half())
    found = table(torch.tensor([[3, 19], [0, 3]]))
    assert found.dtype == torch.float32
    assert far(found, whole[torch.tensor([[3, 19], [0, 3]])]) < 0.01


def test_restore_refuses_the_weights_of_another_model() -> None:
    with pytest.raises(KeyError):
        restore(model_of(QWEN2), {})


def test_grouped_attention_is_attention() -> None:
    torch.manual_seed(4)
    query, key, value = torch.randn(2, 6, 3, 8), torch.randn(2, 2, 7, 8), torch.randn(2, 2, 7, 8)
    mask = torch.ones(3, 7, dtype=torch.bool).tril(4)[None, None]
    got, _ = grouped_attention(nn.Identity(), query, key, value, mask, scaling=8**-0.5)
    wanted = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    assert torch.allclose(got, wanted.transpose(1, 2), atol=1e-5)
