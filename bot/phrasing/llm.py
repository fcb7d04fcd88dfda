"""The embedded language model: a transformers folder, our adapter merged in, quantised, decoded in this process."""

from __future__ import annotations

import ctypes
import gc
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from bot.phrasing.attention import use_grouped_attention
from bot.phrasing.batch import Batch
from bot.phrasing.decode import encode
from bot.phrasing.engine import Engine
from bot.phrasing.language_model import Prompt
from bot.phrasing.lean import LeanNetwork, is_lean
from bot.phrasing.line import Line, Text
from bot.phrasing.memory import PrefixCache
from bot.phrasing.network import Network
from bot.phrasing.quantize import quantise, restore
from bot.phrasing.sampling import Sampler, Sampling
from bot.phrasing.transformers_network import TransformersNetwork
from bot.phrasing.words import words
from errors import ModelError

log = logging.getLogger(__name__)

LAYOUT = "3"
"""Part of the checksum of quantised weights; to be raised when `quantize` or `words` change what they make."""
SENTENCES = Path(__file__).parent / "data" / "sentences"
CACHE = 256 << 20
"""Bytes for what was read of prompts that others may share."""
PULL = 2.5
"""How strongly a line is drawn to go on as its facts do. Set by reading: without it a third of the lines strayed too
far from them to be let through."""
AGAIN = Sampling(temperature=0.7, top_p=0.9, pull=2 * PULL)
"""How another sample is drawn."""


class EmbeddedModel:
    """Any causal language model that transformers can load from a folder, served in int8 on the CPU.

    The first load quantises and leaves the result in the folder, where it can be written; later loads take it
    from there. Callers from several threads are served together.
    """

    def __init__(
        self,
        folder: Path,
        adapter: Path | None = None,
        *,
        threads: int = 2,
        sampling: Sampling | None = None,
        cache: int = CACHE,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Load the model.

        Args:
            folder: of a model, as transformers writes it.
            adapter: a folder with a LoRA adapter, as peft writes it.
            threads: how many it may use.
            sampling: how the first sample of a line is drawn; by default the likeliest.
            cache: bytes for what was read of prompts that others may share.
            before: called before each pass of the model, which waits for it.

        Raises ModelError where folder or adapter are missing, damaged or do not fit each other.
        """
        torch.set_num_threads(threads)
        self._name = folder.name
        self._sampling = sampling or Sampling(pull=PULL)
        try:
            self._tokenizer = _tokenizer(folder)
            network = load(folder, adapter, self._tokenizer)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(model=str(folder), reason=f"it cannot be loaded ({_first_line(error)})") from error
        _release_memory()
        self._known = {*network.words.tolist(), *self._tokenizer.get_added_vocab().values()}
        self._engine = Engine(Batch(network, PrefixCache(cache)), before=before)

    @property
    def name(self) -> str:
        """The name of the model's folder."""
        return self._name

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it is decoded, the first prompt ahead of the others.

        A prompt is done at its line end or at `max_new_tokens`; setting `stop` ends all within a step. An `attempt`
        above 0 draws another sample. Raises ModelError where memory or the model fail.
        """
        sampling = replace(AGAIN, seed=attempt) if attempt else self._sampling
        lines = [self._line(prompt, max_new_tokens, sampling) for prompt in prompts]
        try:
            yield from self._engine.write(lines, stop)
        except (RuntimeError, MemoryError) as error:
            reason = f"it stopped in the middle of a line ({_first_line(error)})"
            raise ModelError(model=self._name, reason=reason) from error

    def read(self, prompts: Sequence[Prompt], stop: Event | None = None) -> None:
        """Reads what is the same for all visitors in these prompts, when nobody is served, so that it is known later.

        Returns when that is done or `stop` is set. Raises ModelError where memory or the model fail.
        """
        lines = [self._line(replace(prompt, user=""), 0, self._sampling) for prompt in prompts]
        try:
            self._engine.read(lines, stop)
        except (RuntimeError, MemoryError) as error:
            raise ModelError(model=self._name, reason=f"it cannot read ({_first_line(error)})") from error

    def close(self) -> None:
        """Ends its thread. Who is being served gets a ModelError."""
        self._engine.close()

    def _line(self, prompt: Prompt, limit: int, sampling: Sampling) -> Line:
        encoded = encode(self._tokenizer, prompt)
        rest = encoded.rest if limit else ()
        given = sorted({*encoded.facts, *rest} - self._known)
        parts = (encoded.head, encoded.facts, rest)
        return Line(parts, Text(self._tokenizer, limit), Sampler(sampling), tuple(given), encoded.begins[:1])


def _tokenizer(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not tokenizer("a").input_ids:
        # transformers makes an empty one of a folder without a vocabulary.
        raise ValueError("its tokenizer is missing")
    return tokenizer


def load(folder: Path, adapter: Path | None, tokenizer: Any, *, every_word: bool = False) -> Network:
    """The quantised model, from the folder's own store of quantised weights if that is there and right.

    `every_word`: whether it may write all words of its tokenizer, which takes longer.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    store = folder / f"int8-{_checksum(folder, adapter)}.safetensors"
    tensors = _read(store) if store.exists() else None
    if tensors is None:
        tensors = _quantised(folder, adapter)
        tensors["words"] = words(tokenizer, config.vocab_size, taught())
        if _write(tensors, store):
            # Read back, so that the weights do not lie in memory twice.
            tensors = load_file(store)
    if is_lean(config):
        return LeanNetwork(config, tensors, torch.arange(config.vocab_size) if every_word else tensors["words"].clone())
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config)
    restore(model, tensors)
    use_grouped_attention(model)
    return TransformersNetwork(model)


def taught() -> list[str]:
    """The lines that our own adapters were taught."""
    files = sorted(SENTENCES.glob("*.jsonl"))
    return [json.loads(row)["line"] for path in files for row in path.read_text(encoding="utf-8").splitlines() if row]


def _quantised(folder: Path, adapter: Path | None) -> dict[str, Tensor]:
    log.info("quantising %s", folder)
    with _no_bars():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", local_files_only=True)
    if adapter is not None:
        from peft import PeftModel

        # The adapter is merged first, so that one rounding covers both.
        model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    return quantise(model)


@contextmanager
def _no_bars() -> Iterator[None]:
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _read(store: Path) -> dict[str, Tensor] | None:
    try:
        return load_file(store)
    except (OSError, SafetensorError):
        log.warning("%s is damaged and is made anew", store)
        return None


def _write(tensors: dict[str, Tensor], store: Path) -> bool:
    """Writes whole or not at all, and removes what earlier weights or adapters left."""
    try:
        with NamedTemporaryFile(dir=store.parent, prefix=".int8-", delete=False) as file:
            draft = Path(file.name)
        try:
            save_file(tensors, draft)
            draft.chmod(0o644)
            draft.replace(store)
        finally:
            draft.unlink(missing_ok=True)
        for old in store.parent.glob("int8-*.safetensors"):
            if old != store:
                old.unlink()
    except (OSError, SafetensorError):
        log.warning("quantised weights cannot be kept in %s; each start makes them anew", store.parent)
        return False
    return True


def _checksum(folder: Path, adapter: Path | None) -> str:
    """Changes when the model's or the adapter's files do (hex); large files count by size and time of change."""
    digest = blake2b(LAYOUT.encode(), digest_size=8)
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", ".bin", ".json")):
        if not path.name.startswith(("int8-", ".")):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns};".encode())
    if adapter is not None:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            digest.update((adapter / name).read_bytes())
    for path in sorted(SENTENCES.glob("*.jsonl")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _release_memory() -> None:
    """Gives back what loading needed and freed; glibc would keep it."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
