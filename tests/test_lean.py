"""The lean forward pass against that of transformers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from small_models import GEMMA3, LLAMA, QWEN2, QWEN3, SIZES, model_of, weights_of
from transformers import AutoModelForCausalLM, Gemma3TextConfig, Qwen2Config

from bot.phrasing.lean import LeanNetwork, is_lean
from bot.phrasing.memory import Memory
from bot.phrasing.network import Network, Piece
from bot.phrasing.quantize import quantise, restore
from bot.phrasing.transformers_network import TransformersNetwork

WORDS = torch.arange(300)
LINES = [tuple(torch.randint(0, 300, (size,), generator=torch.Generator().manual_seed(size))) for size in (40, 13, 5)]
LINES = [tuple(int(token) for token in line) for line in LINES]


def memory_for(network: Network) -> Memory:
    memory = Memory(network.shapes)
    memory.reserve(4, 64)
    return memory


def logits_of(model: Any, ids: tuple[int, ...]) -> torch.Tensor:
    """[tokens, words] of one whole pass."""
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0]


def assert_same_logits(network: Network, model: Any, near: float) -> None:
    """Prompts read together and in parts, steps beside parts of prompts, several tokens of a line at once."""
    memory = memory_for(network)
    whole = [logits_of(model, line) for line in LINES]
    first, second, third = LINES
    passes = [
        [Piece(0, 0, first[:30]), Piece(1, 0, second[:7], asks=0)],
        [Piece(0, 30, first[30:31]), Piece(1, 7, second[7:10]), Piece(2, 0, third[:2])],
        [Piece(0, 31, first[31:34], asks=3), Piece(1, 10, second[10:13], asks=3), Piece(2, 2, third[2:5], asks=2)],
        [Piece(0, 34, first[34:35])],
    ]
    for pieces in passes:
        got = network(pieces, memory)
        wanted = torch.cat([whole[piece.row][piece.end - piece.asks : piece.end] for piece in pieces])
        assert got.shape == wanted.shape
        assert float((got - wanted).abs().max()) < near * float(wanted.std())


@pytest.mark.parametrize("config", [QWEN2, GEMMA3])
@pytest.mark.parametrize("tied", [True, False])
def test_float_logits_are_those_of_transformers(config: Any, tied: bool) -> None:
    config = type(config)(**{**config.to_dict(), "tie_word_embeddings": tied})
    model = model_of(config)
    assert_same_logits(LeanNetwork(config, weights_of(model), WORDS), model, near=1e-4)


@pytest.mark.parametrize("config", [QWEN2, GEMMA3])
def test_int8_logits_are_those_of_the_quantised_model_of_transformers(config: Any) -> None:
    weights = quantise(model_of(config))
    with init_empty_weights():
        served = AutoModelForCausalLM.from_config(config)
    restore(served, weights)
    assert_same_logits(LeanNetwork(config, weights, WORDS), served, near=0.03)


@pytest.mark.parametrize("config", [QWEN2, QWEN3, LLAMA, GEMMA3])
def test_other_models_go_through_transformers(config: Any) -> None:
    model = model_of(config)
    assert_same_logits(TransformersNetwork(model), model, near=1e-4)


def test_what_a_line_is_told_does_not_depend_on_the_lines_beside_it() -> None:
    network = LeanNetwork(QWEN2, quantise(model_of(QWEN2)), WORDS)
    alone, beside = memory_for(network), memory_for(network)
    wanted = network([Piece(0, 0, LINES[1])], alone)
    got = network([Piece(row, 0, LINES[1 - row]) for row in (0, 1)], beside)
    assert torch.allclose(got[0], wanted[0], atol=1e-4)


def test_only_some_words_and_those_given() -> None:
    model = model_of(QWEN2)
    words = torch.tensor([3, 50, 299])
    network = LeanNetwork(QWEN2, weights_of(model), words)
    pieces = [Piece(0, 0, LINES[1], given=(7, 8)), Piece(1, 0, LINES[2], given=(9,)), Piece(2, 0, LINES[0])]
    got = network(pieces, memory_for(network))
    for row, (piece, columns) in enumerate(
        zip(pieces, ([3, 50, 299, 7, 8], [3, 50, 299, 9], [3, 50, 299]), strict=True)
    ):
        wanted = logits_of(model, piece.ids)[-1][columns]
        assert torch.allclose(got[row, : len(columns)], wanted, atol=1e-4)
        assert got[row, len(columns) :].eq(-torch.inf).all()


def test_nothing_is_asked() -> None:
    network = LeanNetwork(QWEN2, weights_of(model_of(QWEN2)), WORDS)
    assert network([Piece(0, 0, LINES[0], asks=0)], memory_for(network)).shape == (0, 300)


def test_only_what_is_known_to_be_right_is_lean() -> None:
    assert is_lean(QWEN2)
    assert is_lean(GEMMA3)
    assert not is_lean(QWEN3)
    assert not is_lean(Qwen2Config(**SIZES, hidden_act="gelu"))
    assert not is_lean(Qwen2Config(**SIZES, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}))
    assert not is_lean(Gemma3TextConfig(**SIZES, final_logit_softcapping=30.0))
