"""The parts of the benchmark on small sizes, without the language model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from fastapi import FastAPI
from small_models import GEMMA3, QWEN2, model_of, weights_of
from transformers import BertConfig

from bot.bench.app import (
    STAGES,
    in_one_language,
    measure_crowd,
    measure_indexing,
    measure_turns,
    measure_wire,
    measure_words,
    resident,
    with_words,
)
from bot.bench.data import Recalled, conversations, enlarged, recalled, sample
from bot.bench.plain import Metered, PlainSearch, measure_plain_search
from bot.bench.table import Row, aligned, bench
from bot.bench.words import network_logits, parts_of_a_step, surprise
from bot.bot import Bot, Mind
from bot.phrasing.language_model import Prompt
from bot.phrasing.lean import LeanNetwork
from bot.phrasing.quantize import quantise
from bot.settings import Settings
from bot.web.api import api_router
from bot.web.limits import Limits
from bot.web.sites import Sites
from errors import SettingsError
from retrieval.catalogue import item_texts

SMALL_BERT = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)


class Brief:
    """Writes the same for each line."""

    name = "brief"

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        for index in range(len(prompts)):
            yield index, "好，"
            yield index, "看看。"


def test_a_catalogue_is_enlarged_with_items_of_their_own() -> None:
    originals = sample()
    items = enlarged(originals, 2 * len(originals) + 5)
    assert items[: len(originals)] == originals
    assert len({item.id for item in items}) == len(items)
    assert items[len(originals)].title == f"{originals[0].title} 1"
    assert items[len(originals)].localized("en").title == f"{originals[0].localized('en').title} 1"


def test_repeats_get_vectors_close_to_those_of_their_originals(mind: Mind) -> None:
    items = enlarged(sample()[:3], 6)
    texts = [item_texts(item)[0] for item in items]
    encoder = recalled(mind.encoder, items, 3)
    assert isinstance(encoder, Recalled)
    vectors = encoder.encode(texts, "passage")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    cosines = (vectors[:3] * vectors[3:]).sum(axis=1)
    assert ((cosines > 0.95) & (cosines < 0.995)).all()


def test_conversations_go_on_as_long_as_they_are_asked_to() -> None:
    said = list(conversations(100))
    assert len(said) == 100
    assert said[0][0]
    assert {lang for _, lang, _ in said} == {"zh", "en"}


def test_turns_are_timed_as_a_whole_and_by_stage(bot: Bot) -> None:
    figures = measure_turns(bot, 4)
    assert set(figures) == {"turn", *STAGES}
    stages = np.sum([figures[stage] for stage in STAGES], axis=0)
    assert (stages <= figures["turn"]).all()
    assert (stages > 0).all()


def test_the_slate_is_timed_on_the_wire(bot: Bot) -> None:
    app = FastAPI()
    settings = Settings(llm="none")
    app.include_router(api_router(bot, Sites.of(settings), Limits.of(settings), lambda lang, site: []))
    times = measure_wire(app, bot, 3)["wire"]
    assert len(times) == 3
    assert min(times) > 0


def test_words_are_timed_and_kept(bot: Bot, mind: Mind) -> None:
    meter = Metered(Brief())
    figures = measure_words(Bot(bot.store, lambda: with_words(mind, meter)), 2)
    assert [first <= whole for first, whole in zip(figures["first"], figures["whole"], strict=True)] == [True, True]
    call = meter.calls[-1]
    assert call.texts == ["好，看看。"] * len(call.prompts)
    assert call.seconds > 0


def test_a_crowd_is_timed(bot: Bot, mind: Mind) -> None:
    figures = measure_crowd(Bot(bot.store, lambda: with_words(mind, Brief())), visitors=3, rounds=2)
    assert {key: len(values) for key, values in figures.items()} == dict.fromkeys(figures, 6)
    assert all(0 < first <= whole for first, whole in zip(figures["crowd first"], figures["crowd whole"], strict=True))
    assert figures["crowd failed"] == [0.0] * 6


@pytest.mark.parametrize("config", [QWEN2, GEMMA3])
def test_surprise_and_the_parts_of_a_step(config: Any) -> None:
    model = model_of(config)
    lines = [((1, 2, 3), (4, 5)), ((6,), (7, 8, 9))]
    network = LeanNetwork(config, weights_of(model), torch.arange(300))

    def plain(ids: Sequence[int], count: int) -> torch.Tensor:
        with torch.inference_mode():
            return model(torch.tensor([ids])).logits[0, -count:]

    assert surprise(network_logits(network), lines) == pytest.approx(surprise(plain, lines), abs=1e-4)
    certain = surprise(lambda ids, count: 99.0 * torch.eye(300)[[*ids, 5][-count:]], [((1,), (4, 5))])
    assert certain == pytest.approx(0)
    parts = parts_of_a_step(LeanNetwork(config, quantise(model), torch.arange(300)), rows=2)
    whole = parts.pop("whole")
    assert sum(parts.values()) == pytest.approx(whole)
    assert min(parts["linear layers"], parts["attention"]) > 0


def test_tables_are_aligned() -> None:
    assert aligned([["", "a"], ["x y", "10"]]) == ["|     |  a |", "| --- | -: |", "| x y | 10 |"]


def test_indexing_is_timed(mind: Mind, tmp_path: Path) -> None:
    new = in_one_language(sample()[:4])
    assert len({item.id for item in new}) == 8
    figures = measure_indexing(mind, new, tmp_path)
    assert figures["unchanged"][0] > figures["new"][0] > 0


def test_the_plain_method_searches_all_items() -> None:
    plain = PlainSearch(50, SMALL_BERT)
    assert len(set(plain.turn(7))) == 3
    figures = measure_plain_search(plain, [5, 9], [16, 16])
    assert len(figures["turn"]) == 2
    assert min(figures["new"] + figures["memory"]) > 0


def test_memory_is_what_this_process_holds() -> None:
    assert all(0.05 < gigabytes < 100 for gigabytes in resident())


def test_a_row_says_how_many_times_better() -> None:
    time = Row("a", "time", "ms").cells({"a": [1.0, 2.0, 3.0]}, {"a": [20.0]})
    assert time == ["time", "2.0", "2.9", "ms", "20.0", "10.0 ×"]
    rate = Row("a", "rate", "items/s", more=True).cells({"a": [90.0]}, {"a": [30.0]})
    assert rate == ["rate", "90.0", "", "items/s", "30.0", "3.0 ×"]
    assert Row("a", "time", "ms").cells({"a": [1.0]}, {}) == ["time", "1.0", "", "ms", "", ""]


def test_too_few_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--items"):
        bench(Settings(data_dir=tmp_path), items=5)
