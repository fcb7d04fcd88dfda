"""The trainer, on a tiny model of the real architecture with the real tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from bot.phrasing.training import Example, Trainer, TrainingParameters, pack
from errors import InputError, ModelError

P = TrainingParameters(rank=2, first_layer=1, batch=4, save_every=2, held_out=4, learning_rate=1e-2, warm_up=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(models_dir / "llm")
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    path = tmp_path / "sentences.jsonl"
    row = {"kind": "item", "lang": "zh", "fits": [], "facts": {"title": "台灯", "domain": "home"}, "line": "灯光柔和。"}
    path.write_text("".join(json.dumps({**row, "wish": f"想要第{i}盏灯"}) + "\n" for i in range(24)), encoding="utf-8")
    return path


def test_packed_examples_see_the_prefix_and_themselves_only() -> None:
    packed = pack((1, 2), [Example(0, (3,), (4, 5)), Example(1, (6, 7), (8,))])
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 4, 2, 3, 4]]
    assert packed.mask[0, 0, 5].tolist() == [True, True, False, False, False, True, False, False]
    assert packed.mask[0, 0, 3].tolist() == [True, True, True, True, False, False, False, False]
    assert (packed.at.tolist(), packed.targets.tolist()) == ([2, 3, 6], [4, 5, 8])


def test_it_learns_saves_and_goes_on_where_it_stopped(
    tiny: Path, sentences: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "adapter"
    short = Trainer(tiny, out, P).train([sentences], epochs=0.5)
    first = capsys.readouterr().out
    assert "from 0" in first
    longer = Trainer(tiny, out, P).train([sentences], epochs=4)
    assert longer < short
    assert "from 0" not in capsys.readouterr().out
    weights = load_file(out / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert all(".layers.1." in name for name in weights)


def test_a_bad_line_is_named(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"kind": "item"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"bad.jsonl:1"):
        Trainer(tiny, tmp_path / "out", P).train([path], epochs=1)


def test_a_missing_base_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        Trainer(tmp_path / "nothing", tmp_path / "out", P)
