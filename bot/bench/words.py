"""What the benchmark measures of the language model: speed and quality of several arithmetics, the parts of a step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.ao.quantization import default_dynamic_qconfig, per_channel_dynamic_qconfig, quantize_dynamic
from torch.nn.functional import cross_entropy
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.bench.plain import Call, Figures, size_of, timed
from bot.phrasing.language_model import Prompt
from bot.phrasing.memory import Memory
from bot.phrasing.network import Network, Piece
from bot.phrasing.training import SENTENCES, TrainingParameters
from bot.phrasing.training_data import divide, read_examples

Ids = tuple[int, ...]
Line = tuple[Ids, Ids]
"""A prompt and how a person answered it."""
Logits = Callable[[Ids, int], Tensor]
"""(tokens, how many) -> float32 [how many, all words]: the logits of what comes after each of the last tokens."""

PAST, STEPS = 180, 20
"""Tokens that a line has before the steps that are looked into, and how many steps."""


ARITHMETICS = (
    ("float32", None),
    ("torch's dynamic int8, a scale a matrix", default_dynamic_qconfig),
    ("torch's dynamic int8, a scale a channel", per_channel_dynamic_qconfig),
)
"""How the plain method may calculate, and the configuration of torch's quantisation for that."""


class PlainWords:
    """A transformers folder with its adapter, used as its model card says."""

    def __init__(self, folder: Path, adapter: Path | None = None, qconfig: Any = None) -> None:
        """`qconfig`: of torch's dynamic quantisation, None for float32."""
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        if adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
        self._model: Any = _dynamic(model, qconfig) if qconfig else model

    def write(self, prompt: Prompt, tokens: int) -> str:
        """A line of just so many tokens, so that all methods write equally much."""
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.text}]
        asked = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        end = self.tokenizer.eos_token_id
        out = self._model.generate(
            **asked, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=end
        )
        text: str = self.tokenizer.decode(out[0, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        return text

    def token_counts(self, call: Call) -> list[int]:
        """How many tokens each line of a call took, with its end."""
        return [len(self.tokenizer(text, add_special_tokens=False)["input_ids"]) + 1 for text in call.texts]

    @torch.inference_mode()
    def logits(self, ids: Ids, count: int) -> Tensor:
        """See `Logits`."""
        out: Tensor = self._model(torch.tensor([ids]), logits_to_keep=count).logits[0].float()
        return out

    @property
    def gigabytes(self) -> float:
        """The weights, where they are float32."""
        return size_of(self._model)


def measure_plain_words(plain: PlainWords, calls: Sequence[Call], turn_seconds: float) -> Figures:
    """The same lines, one after another; `turn_seconds` is what came before the first."""
    figures: Figures = {"first": [], "whole": [], "tokens": []}
    for call in calls:
        counts = plain.token_counts(call)
        seconds = [
            timed(partial(plain.write, prompt, count)) for prompt, count in zip(call.prompts, counts, strict=True)
        ]
        figures["first"].append(turn_seconds + seconds[0])
        figures["whole"].append(turn_seconds + sum(seconds))
        figures["tokens"].append(sum(counts) / sum(seconds))
    return figures


def held_out(tokenizer: Any, count: int) -> list[Line]:
    """Written lines that no adapter of ours was taught."""
    parameters = TrainingParameters()
    head, examples = read_examples(SENTENCES, tokenizer)
    parts = divide(examples, parameters.held_out, parameters.held_domains)
    lines = sorted((*parts.items, *parts.domains), key=lambda example: example.key)[:count]
    return [((*head, *line.rest), line.answer) for line in lines]


def surprise(logits: Logits, lines: Sequence[Line]) -> float:
    """The mean negative log-likelihood of a token of the answers."""
    losses = [
        cross_entropy(logits((*prompt, *answer[:-1]), len(answer)), torch.tensor(answer), reduction="none")
        for prompt, answer in lines
    ]
    return float(torch.cat(losses).mean())


def network_logits(network: Network) -> Logits:
    """The logits of a network that has all words."""
    memory = Memory(network.shapes)

    def logits(ids: Ids, count: int) -> Tensor:
        memory.reserve(1, len(ids))
        return network([Piece(0, 0, ids, asks=count)], memory)

    return logits


def parts_of_a_step(network: Network, rows: int) -> dict[str, float]:
    """Milliseconds of a step of so many lines: the whole, linear layers, output, attention, and the rest."""
    memory = Memory(network.shapes)
    memory.reserve(rows, PAST + 1)
    asking, silent = ([Piece(row, PAST, (0,), asks) for row in range(rows)] for asks in (1, 0))
    with warnings.catch_warnings(), profile(activities=[ProfilerActivity.CPU]) as profiler:
        warnings.simplefilter("ignore")
        for _ in range(STEPS):
            network(silent, memory)
    spent = {event.key: event.self_cpu_time_total / 1000 / STEPS for event in profiler.key_averages()}
    linear = sum(ms for name, ms in spent.items() if name.startswith("quantized::linear"))
    attention = sum(spent.get(f"aten::{name}", 0.0) for name in ("bmm", "baddbmm", "_softmax"))
    whole, without = (_median_ms(partial(network, pieces, memory)) for pieces in (asking, silent))
    output = whole - without
    return {
        "whole": whole,
        "linear layers": linear,
        "output": output,
        "attention": attention,
        "the rest": without - linear - attention,
    }


def _median_ms(work: Callable[[], object]) -> float:
    work()
    return sorted(timed(work) for _ in range(STEPS))[STEPS // 2] * 1000


def _dynamic(model: nn.Module, qconfig: Any) -> nn.Module:
    # torch's own is untyped
    quantize: Callable[..., nn.Module] = quantize_dynamic
    with warnings.catch_warnings():
        # torch announces the end of what it quantises with
        warnings.simplefilter("ignore")
        return quantize(model, {nn.Linear: qconfig})
