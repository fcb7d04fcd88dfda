"""The plain method beside which the app is measured: what a first notebook on the same models does.

A BERT of the usual size in float32, one text at a time; a cosine in a Python loop over all items; a language model
in float32 that writes one line after another, each seen when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import BertConfig, BertModel

from bot.phrasing.language_model import LanguageModel, Prompt

Figures = dict[str, list[float]]
"""What was measured of one method: the row of the table -> values, in the row's unit."""

GB = 1e9


@dataclass
class Call:
    """One call of a language model: what was asked, what it wrote, and how long that took."""

    prompts: tuple[Prompt, ...]
    texts: list[str]
    seconds: float = 0.0


class Metered:
    """A language model whose calls are kept, to be counted and to be written again by the plain method."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.name = model.name
        self.calls: list[Call] = []

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        """What the model yields, unchanged."""
        call = Call(tuple(prompts), [""] * len(prompts))
        start = perf_counter()
        for index, text in self._model.generate(prompts, max_new_tokens=max_new_tokens, stop=stop, attempt=attempt):
            call.texts[index] += text
            yield index, text
        call.seconds = perf_counter() - start
        self.calls.append(call)


class PlainSearch:
    """Encoding and search for `items` items. Random weights and vectors: they take the time that trained ones do."""

    def __init__(self, items: int, config: BertConfig | None = None) -> None:
        config = config or BertConfig()
        self._words = int(config.vocab_size)
        self._model = nn.Module.eval(BertModel(config))
        self._vectors = list(np.random.default_rng(0).standard_normal((items, config.hidden_size), dtype=np.float32))

    @torch.inference_mode()
    def encode(self, tokens: int) -> Any:
        """The vector [d] of a text of so many tokens."""
        ids = torch.randint(self._words, (1, tokens))
        return self._model(input_ids=ids).last_hidden_state.mean(dim=1)[0].numpy()

    def turn(self, tokens: int, size: int = 3) -> list[int]:
        """The places of the items nearest to a text of so many tokens."""
        vector = self.encode(tokens)
        scores = [vector @ other / (np.linalg.norm(vector) * np.linalg.norm(other)) for other in self._vectors]
        return sorted(range(len(scores)), key=scores.__getitem__, reverse=True)[:size]

    @property
    def gigabytes(self) -> float:
        """Weights and vectors."""
        return size_of(self._model) + float(sum(vector.nbytes for vector in self._vectors)) / GB


def measure_plain_search(plain: PlainSearch, said: Sequence[int], items: Sequence[int]) -> Figures:
    """Turns of texts with so many tokens, then items with so many tokens. It knows no unchanged ones: all are new."""
    plain.turn(said[0])
    turns = [timed(lambda tokens=tokens: plain.turn(tokens)) * 1000 for tokens in said]
    rate = len(items) / timed(lambda: [plain.encode(tokens) for tokens in items])
    return {"turn": turns, "wire": turns, "new": [rate], "unchanged": [rate], "memory": [plain.gigabytes]}


def size_of(model: Any) -> float:
    """The gigabytes of a model's weights."""
    return float(sum(weight.numel() * weight.element_size() for weight in model.parameters())) / GB


def timed(work: Any) -> float:
    """How many seconds it takes to call `work`."""
    start = perf_counter()
    work()
    return perf_counter() - start
