"""Decoding, over small models with random weights: what it writes must be what a plain forward pass would write."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config

from bot.phrasing.decode import Decoder, Encoded, Sampling, choose, encode
from bot.phrasing.language_model import Prompt

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
GREEDY = Sampling(repetition_penalty=1.0)
HEAD = tuple(range(97, 107))
PROMPTS = [Encoded(HEAD, rest) for rest in ((65, 66, 67), tuple(range(70, 90)), (33,), (50, 51, 52, 53, 54, 55))]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, in the order of the byte-level alphabet, and a few control tokens."""
    words = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    inner = Tokenizer(BPE(words, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>", pad_token="<end>")
    made.add_special_tokens({"additional_special_tokens": ["<start>"]})
    made.chat_template = (
        "{% for m in messages %}<start>{{ m.role }}\n{{ m.content }}<end>{% endfor %}<start>assistant\n"
    )
    return made


def model_of(config: Any) -> Any:
    torch.manual_seed(3)
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.fixture(scope="module")
def model() -> Any:
    return model_of(Qwen2Config(**SIZES))


def plainly(model: Any, prompt: Encoded, count: int) -> list[int]:
    """Greedy tokens by one whole pass for each, without any cache."""
    ids = [*prompt.head, *prompt.rest]
    with torch.inference_mode():
        for _ in range(count):
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[-count:]


class Recorder:
    """A tokenizer whose text shows each token's number, so that lines can be compared token by token."""

    all_special_ids = (-1,)

    def decode(self, ids: Sequence[int], **_: object) -> str:
        return "".join(f"[{number}]" for number in ids)


@pytest.mark.parametrize("config", [Qwen2Config(**SIZES), Qwen3Config(**SIZES), LlamaConfig(**SIZES)])
def test_lines_side_by_side_are_those_of_plain_forward_passes(config: Any) -> None:
    model = model_of(config)
    lines = [""] * len(PROMPTS)
    for index, text in Decoder(model, Recorder(), GREEDY).lines(PROMPTS, 12):
        lines[index] += text
    assert lines == ["".join(f"[{n}]" for n in plainly(model, prompt, 12)) for prompt in PROMPTS]
