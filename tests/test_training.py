"""The trainer, on tiny models of both architectures with the real tokenizer."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from bot.phrasing.bases import DEFAULT
from bot.phrasing.curve import read_curve
from bot.phrasing.halves import Halves
from bot.phrasing.training import Trainer, TrainingParameters
from bot.phrasing.training_data import Example, divide, pack, read_examples
from errors import InputError, ModelError

P = TrainingParameters(
    rank=2, share=0.5, batch=4, score_every=4, save_every=2, held_out=4, learning_rate=1e-2, warm_up=1
)
SIZES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "tie_word_embeddings": True,
}
GEMMA_SIZES = {
    "head_dim": 8,
    "query_pre_attn_scalar": 8,
    "sliding_window": 512,
    "layer_types": ["sliding_attention", "full_attention"],
}
EXAMPLES = [
    Example(1, frozenset({1}), frozenset({"film"}), (30, 31), (40, 41)),
    Example(2, frozenset({2}), frozenset({"job"}), (32, 33, 34), (42,)),
    Example(3, frozenset({3, 8}), frozenset({"film"}), (35,), (43, 44, 45)),
]


@pytest.fixture(scope="module", params=["qwen2", "gemma3"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    folder: Path = tmp_path_factory.mktemp(request.param)
    tokenizer = AutoTokenizer.from_pretrained(DEFAULT.folder(models_dir))
    torch.manual_seed(0)
    if request.param == "qwen2":
        Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), **SIZES)).save_pretrained(folder)
    else:
        config = Gemma3TextConfig(vocab_size=len(tokenizer), **SIZES, **GEMMA_SIZES)
        Gemma3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    path = tmp_path / "sentences.jsonl"
    rows = [
        {
            "kind": "item",
            "lang": "zh",
            "wish": "想要灯",
            "fits": [],
            "facts": {"title": f"台灯{n}号", "domain": "job" if n % 5 == 0 else "home"},
            "line": "灯光柔和。",
        }
        for n in range(24)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_examples_stand_one_after_another_as_if_each_followed_the_prefix() -> None:
    packed = pack((1, 2), EXAMPLES[:2])
    assert packed.ids.tolist() == [[1, 2, 30, 31, 40, 41, 32, 33, 34, 42]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 4, 5, 2, 3, 4, 5]]
    assert packed.sizes == (2, 4, 4)
    assert (packed.at.tolist(), packed.targets.tolist()) == ([3, 4, 8], [40, 41, 42])


@pytest.mark.parametrize("first", [0, 1])
@torch.no_grad()
def test_packed_examples_score_as_the_model_scores_them_one_by_one(tiny: Path, first: int) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    # Weights that are not all near zero, so that attention and angles tell.
    for parameter in model.parameters():
        parameter.normal_(0, 0.3)
    prefix = (5, 6, 7, 8)
    alone = []
    for example in EXAMPLES:
        logits = model(torch.tensor([[*prefix, *example.ids]])).logits[0].log_softmax(-1)
        start = len(prefix) + len(example.rest) - 1
        alone += [-logits[start + n, token].item() for n, token in enumerate(example.answer)]
    halves = Halves(model, first, torch.arange(model.config.vocab_size))
    assert halves.losses(prefix, EXAMPLES).tolist() == pytest.approx(alone, abs=2e-2 if first else 1e-3)
    # Again, from what is remembered, in another company.
    assert halves.losses(prefix, EXAMPLES[::-1])[:3].tolist() == pytest.approx(alone[-3:], abs=2e-2 if first else 1e-3)


def test_the_softmax_is_over_the_given_words(tiny: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    words = torch.tensor([40, 41, 42, 43, 44, 45])
    with torch.no_grad():
        logits = model(torch.tensor([[5, *EXAMPLES[0].ids]])).logits[0, 2, words].log_softmax(-1)
    losses = Halves(model, 0, words).losses((5,), EXAMPLES)
    assert losses[0].item() == pytest.approx(-logits[0].item(), abs=1e-4)


def test_what_is_about_one_thing_stays_together_and_some_kinds_are_never_taught() -> None:
    parts = divide(EXAMPLES, held_out=4, held_domains=frozenset({"job"}))
    assert [example.key for example in parts.taught] == [1]
    assert [example.key for example in parts.domains] == [2]
    assert [example.key for example in parts.items] == [3]


def test_it_learns_and_keeps_the_best(
    tiny: Path, sentences: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "adapter"
    best = Trainer(tiny, out, P).train([sentences], epochs=4)
    said = capsys.readouterr().out
    assert "5 by domain" in said
    points = read_curve(out)
    assert [point.step for point in points][:3] == [0, 4, 8]
    assert isnan(points[0].taught)
    assert best.items < points[0].items
    assert best.domains < points[0].domains
    assert best.items == pytest.approx(min(point.items for point in points), abs=1e-4)
    assert (out / "curve.svg").exists()
    assert not (out / "resume.pt").exists()
    weights = load_file(out / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert all(".layers.1." in name for name in weights)
    named = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    assert named == tiny.name


def test_a_killed_run_goes_on_as_if_it_had_not_been(
    tiny: Path, sentences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = Trainer(tiny, whole, P).train([sentences], epochs=3)
    step = Trainer._step

    def killed(self: Trainer, *given: object) -> float:
        if given[-2] == 8:
            raise KeyboardInterrupt
        return step(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            Trainer(tiny, broken, P).train([sentences], epochs=3)
    capsys.readouterr()
    found = Trainer(tiny, broken, P).train([sentences], epochs=3)
    assert "from 6" in capsys.readouterr().out
    assert replace(found, seconds=0) == replace(expected, seconds=0)
    ours, theirs = (load_file(out / "adapter_model.safetensors") for out in (broken, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_over_other_sentences_begins_anew(
    tiny: Path, sentences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "adapter"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        Trainer(tiny, out, P).train([sentences], epochs=1)
    assert (out / "resume.pt").exists()
    rows = sentences.read_text(encoding="utf-8").replace("柔和", "很亮")
    sentences.write_text(rows, encoding="utf-8")
    capsys.readouterr()
    Trainer(tiny, out, P).train([sentences], epochs=1)
    assert "from 0" in capsys.readouterr().out


def test_bad_lines_are_named(models_dir: Path, tmp_path: Path) -> None:
    good = {
        "kind": "item",
        "lang": "en",
        "wish": "a lamp",
        "facts": {"title": "Lamp", "domain": "home"},
        "line": "Lit.",
    }
    rows = [
        good,
        {"kind": "item"},
        {**good, "kind": "poem"},
        {**good, "line": "Two\nlines"},
        {**good, "facts": "Lamp"},
        {**good, "facts": {"title": "Lamp"}},
    ]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n\n", encoding="utf-8")
    tokenizer = AutoTokenizer.from_pretrained(DEFAULT.folder(models_dir))
    with pytest.raises(InputError) as caught:
        read_examples([path], tokenizer)
    said = str(caught.value)
    assert "6 lines" in said
    assert all(f"bad.jsonl:{n} (" in said for n in range(2, 8))
    assert "field line is missing" in said
    assert "kind must be" in said
    assert "one line of text" in said


def test_files_that_cannot_be_read_and_empty_ones_are_said(tiny: Path, tmp_path: Path, sentences: Path) -> None:
    trainer = Trainer(tiny, tmp_path / "out", replace(P, held_out=1))
    with pytest.raises(InputError, match="nowhere"):
        trainer.train([tmp_path / "nowhere.jsonl"], epochs=1)
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="none in the files"):
        trainer.train([tmp_path / "empty.jsonl"], epochs=1)
    with pytest.raises(InputError, match="all are held out"):
        trainer.train([sentences], epochs=1)


def test_a_missing_base_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        Trainer(tmp_path / "nothing", tmp_path / "out", P)
