"""The embedded model: the real one with our adapter, and small ones where only the mechanics matter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen2Config

from bot.phrasing.bases import DEFAULT
from bot.phrasing.examples import request_of
from bot.phrasing.language_model import Prompt
from bot.phrasing.lean import LeanNetwork
from bot.phrasing.llm import EmbeddedModel, taught
from bot.phrasing.prompts import prompt
from bot.phrasing.training import SENTENCES
from bot.phrasing.words import words
from bot.settings import Settings
from bot.setup import set_up
from errors import ModelError


@pytest.fixture(scope="module")
def llm_dir(models_dir: Path) -> Path:
    folder = DEFAULT.folder(models_dir)
    if not (folder / "config.json").exists():
        set_up(Settings(models_dir=models_dir, data_dir=models_dir / ".unused"), catalogue=False)
    return folder


@pytest.fixture(scope="module")
def model(llm_dir: Path) -> EmbeddedModel:
    return EmbeddedModel(llm_dir, DEFAULT.adapter)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, llm_dir: Path) -> Path:
    """A folder with a tiny model of random weights and the real vocabulary."""
    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(llm_dir)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=False,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
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
    lines = written(model.generate([prompt(request_of(example)) for example in asked]), 4)
    for line in lines:
        assert len(line) > 5
        assert "\n" not in line
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in line)
        assert chinese == (lang == "zh")


def test_the_second_load_takes_the_kept_weights(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "model"))
    question = [Prompt("say", "", "hello")]
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


@pytest.fixture(scope="module")
def loaded(small: Path) -> Iterator[EmbeddedModel]:
    with closing(EmbeddedModel(small)) as model:
        yield model


USERS = ["quite another thing", "a third", "and more", "one"]


def ask(model: EmbeddedModel, *users: str, **options: Any) -> list[str]:
    prompts = [Prompt("say", "a pen", user) for user in users]
    return written(model.generate(prompts, max_new_tokens=20, **options), len(users))


def test_callers_are_served_together_and_get_their_own_words(loaded: EmbeddedModel) -> None:
    alone = [ask(loaded, user)[0] for user in USERS]
    assert len(set(alone)) == len(USERS)
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            assert_own_words([line for (line,) in pool.map(lambda user: ask(loaded, user), USERS)], alone)
        assert_own_words(ask(loaded, *USERS), alone)


def begin_alike(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda letters: letters[0] == letters[1], zip(one, other, strict=False)))


def assert_own_words(together: list[str], alone: list[str]) -> None:
    """The lines go on far longer with what they were alone than with what others were.

    A sum may be rounded otherwise in another batch, and a random model may go on with another word after that.
    """
    own = others = 0
    for place, line in enumerate(together):
        shared = [begin_alike(line, other) for other in alone]
        own += shared[place]
        others += max(shared[:place] + shared[place + 1 :])
    assert own > 1.5 * others


def test_another_attempt_is_another_sample(loaded: EmbeddedModel) -> None:
    first, second, third = (ask(loaded, *USERS, attempt=attempt) for attempt in (0, 1, 2))
    assert first != second != third != first
    assert ask(loaded, *USERS, attempt=1) == second


def test_a_caller_who_stops_gets_no_more(loaded: EmbeddedModel) -> None:
    stop = Event()
    stop.set()
    assert ask(loaded, *USERS, stop=stop) == [""] * 4
    stop.clear()
    assert ask(loaded, *USERS, stop=stop) == ask(loaded, *USERS) != [""] * 4


def test_what_is_read_ahead_changes_no_words(small: Path, loaded: EmbeddedModel) -> None:
    with closing(EmbeddedModel(small)) as model:
        model.read([Prompt("say", "a pen", "")])
        assert ask(model, *USERS) == ask(loaded, *USERS)


def test_a_model_that_breaks_is_a_model_error(
    small: Path, loaded: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with closing(EmbeddedModel(small)) as model:
        monkeypatch.setattr(LeanNetwork, "__call__", broken)
        with pytest.raises(ModelError, match="can't allocate memory"):
            ask(model, *USERS)
        with pytest.raises(ModelError, match="can't allocate memory"):
            model.read([Prompt("say", "a pen", "")])
        monkeypatch.undo()
        assert ask(model, *USERS) == ask(loaded, *USERS)
    with pytest.raises(ModelError, match="closed"):
        ask(model, *USERS)


def test_another_architecture_is_served_by_transformers(small: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with closing(EmbeddedModel(tmp_path)) as model:
        assert ask(model, *USERS) == [line for user in USERS for line in ask(model, user)]


def test_every_written_sentence_can_be_said(llm_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llm_dir)
    lines = taught()
    allowed = set(words(tokenizer, 10**6, lines).tolist())
    assert len(lines) > 1000
    assert len(allowed) < 0.5 * len(tokenizer)
    assert {token for line in lines for token in tokenizer(line + "\n").input_ids} <= allowed
    # and nearly all that a line of the other half would be said with
    half = set(words(tokenizer, 10**6, lines[::2]).tolist())
    tokens = [token for line in lines[1::2] for token in tokenizer(line + "\n").input_ids]
    assert sum(token not in half for token in tokens) < 0.03 * len(tokens)
