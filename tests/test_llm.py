"""The embedded model: the real one with our adapter, and small ones where only the mechanics matter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from bot.phrasing.language_model import Prompt
from bot.phrasing.llm import EmbeddedModel, Queue
from bot.phrasing.models import ADAPTER
from bot.phrasing.prompts import prompt, training_request
from bot.phrasing.training import SENTENCES
from bot.settings import Settings
from bot.setup import set_up
from errors import ModelError


@pytest.fixture(scope="module")
def llm_dir(models_dir: Path) -> Path:
    if not (models_dir / "llm" / "config.json").exists():
        set_up(Settings(models_dir=models_dir, data_dir=models_dir / ".unused"), catalogue=False)
    return models_dir / "llm"


@pytest.fixture(scope="module")
def model(llm_dir: Path) -> EmbeddedModel:
    return EmbeddedModel(llm_dir, ADAPTER)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, llm_dir: Path) -> Path:
    """A folder with a tiny model of random weights and the real vocabulary."""
    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=151936,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(llm_dir).save_pretrained(folder)
    return folder


def written(pieces: Iterator[tuple[int, str]], count: int) -> list[str]:
    lines = [""] * count
    for index, text in pieces:
        assert text
        assert "\ufffd" not in text
        lines[index] += text
    return lines


def examples(lang: str, kind: str, count: int) -> list[dict[str, Any]]:
    path = next(path for path in SENTENCES if path.stem == lang)
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [example for example in found if example["kind"] == kind][:count]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_opening_and_three_lines_in_the_visitors_language(model: EmbeddedModel, lang: str) -> None:
    asked = [*examples(lang, "opening", 1), *examples(lang, "item", 3)]
    lines = written(model.generate([prompt(training_request(example)) for example in asked]), 4)
    for line in lines:
        assert len(line) > 5
        assert "\n" not in line
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in line)
        assert chinese == (lang == "zh")


def test_the_second_load_takes_the_kept_weights(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "model"))
    question = [Prompt("say", "hello")]
    first = list(EmbeddedModel(folder).generate(question, max_new_tokens=10))
    (kept,) = folder.glob("int8-*.safetensors")
    made = kept.stat().st_mtime_ns
    assert list(EmbeddedModel(folder).generate(question, max_new_tokens=10)) == first
    assert kept.stat().st_mtime_ns == made
    kept.write_bytes(b"damaged")
    assert list(EmbeddedModel(folder).generate(question, max_new_tokens=10)) == first


def test_changed_weights_are_quantised_anew(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "model"))
    EmbeddedModel(folder)
    (before,) = folder.glob("int8-*.safetensors")
    other = AutoModelForCausalLM.from_pretrained(folder)
    other.model.norm.weight.data *= 2
    other.save_pretrained(folder)
    EmbeddedModel(folder)
    (after,) = folder.glob("int8-*.safetensors")
    assert before.name != after.name


@pytest.mark.parametrize("damage", ["no folder", "no tokenizer", "broken weights", "no adapter"])
def test_a_model_that_cannot_be_had_is_a_model_error(small: Path, tmp_path: Path, damage: str) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "model"))
    if damage == "no folder":
        shutil.rmtree(folder)
    elif damage == "no tokenizer":
        for path in folder.glob("tokenizer*"):
            path.unlink()
    elif damage == "broken weights":
        (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError):
        EmbeddedModel(folder, tmp_path / "adapter" if damage == "no adapter" else None)


def test_two_callers_get_their_own_words(small: Path) -> None:
    model = EmbeddedModel(small)
    asked = [Prompt("say", "one"), Prompt("say", "quite another thing")]
    alone = [list(model.generate([one], max_new_tokens=20)) for one in asked]
    got: dict[int, list[tuple[int, str]]] = {}

    def ask(number: int) -> None:
        got[number] = list(model.generate([asked[number]], max_new_tokens=20))

    threads = [Thread(target=ask, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got[0], got[1]] == alone


def test_a_caller_who_leaves_makes_room(small: Path) -> None:
    model = EmbeddedModel(small)
    left = model.generate([Prompt("say", "one")], max_new_tokens=50)
    next(left)
    stop = Event()
    stop.set()
    assert list(model.generate([Prompt("say", "two")], stop=stop)) == []
    left.close()
    assert list(model.generate([Prompt("say", "two")], max_new_tokens=3))


def test_the_queue_serves_in_the_order_of_arrival() -> None:
    queue = Queue()
    served: list[int] = []

    def wait(number: int, arrived: Event) -> None:
        arrived.set()
        with queue.turn(None):
            served.append(number)

    with queue.turn(None) as mine:
        assert mine
        threads = []
        for number in range(3):
            arrived = Event()
            threads.append(Thread(target=wait, args=(number, arrived)))
            threads[-1].start()
            arrived.wait()
            while len(queue) < number + 2:
                arrived.wait(0.01)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2]
