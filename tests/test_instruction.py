"""The fuller instruction for models that were not trained on our sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

import numpy as np
import pytest

import bot.phrasing.llm
from bot.phrasing.examples import request_of
from bot.phrasing.grounding import Ground
from bot.phrasing.instruction import KIND_LABELS, Instructed, instructions
from bot.phrasing.language_model import Prompt
from bot.phrasing.models import language_model
from bot.phrasing.openai import OpenAIModel
from bot.phrasing.prompts import LABELS, SYSTEM, prompt
from bot.settings import Settings
from bot.shipped import read_json
from bot.understanding.vocabulary import Vocabulary
from retrieval.catalogue import build

EXAMPLES: list[dict[str, Any]] = [
    row
    for told in read_json("bot.phrasing", "instructions.json").values()
    for kind in KIND_LABELS
    for row in told[kind]["examples"]
]


class Echo:
    """Keeps what it was asked, and writes the same for each prompt."""

    name = "echo"

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.asked: list[Prompt] = []
        self.attempts: list[int] = []

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        self.asked += prompts
        self.attempts.append(attempt)
        for piece in self.pieces:
            for index in range(len(prompts)):
                yield index, piece


def test_there_are_two_examples_a_kind_and_language_and_they_are_our_own() -> None:
    assert len(EXAMPLES) == 16
    assert {(row["kind"], row["lang"]) for row in EXAMPLES} == {(k, lang) for k in KIND_LABELS for lang in ("zh", "en")}


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["line"])
def test_the_examples_pass_the_check(row: dict[str, Any]) -> None:
    vocabulary = Vocabulary(build([], np.ones((0, 2), dtype=np.float32)))
    assert Ground(request_of(row), vocabulary).violations(row["line"], whole=True) == []


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["line"])
def test_each_prompt_gets_the_text_of_its_kind_and_language_and_keeps_its_data(row: dict[str, Any]) -> None:
    echo, asked = Echo(), prompt(request_of(row))
    list(Instructed(echo).generate([asked], attempt=1))
    (fuller,) = echo.asked
    assert (fuller.facts, fuller.user) == (asked.facts, asked.user)
    assert fuller.system == instructions()[LABELS[KIND_LABELS[row["kind"]]][row["lang"] == "en"]]
    assert row["line"] in fuller.system
    assert echo.attempts == [1]


def test_the_texts_are_eight_fixed_ones() -> None:
    assert len(set(instructions().values())) == 8
    assert SYSTEM not in instructions().values()


def test_an_arrow_that_the_model_repeats_is_taken_off() -> None:
    asked = prompt(request_of(EXAMPLES[0]))
    words = list(Instructed(Echo("→", " ", "a → b", " → c")).generate([asked, asked]))
    assert "".join(text for index, text in words if index == 1) == "a → b → c"


def test_models_without_an_adapter_of_ours_are_instructed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.phrasing.llm, "EmbeddedModel", lambda *_, **__: Echo())
    folder = language_model(Settings(llm="/a/folder"))
    assert isinstance(folder, Instructed)
    endpoint = language_model(Settings(llm="openai", llm_base_url="http://words/v1", llm_model="tiny", llm_at_once=3))
    assert isinstance(endpoint, Instructed)
    assert isinstance(endpoint.model, OpenAIModel)
    endpoint.close()
