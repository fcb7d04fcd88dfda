"""The embedded language model: a transformers folder, our adapter merged in, quantised, decoded in this process."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Condition, Event
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from bot.phrasing.attention import use_grouped_attention
from bot.phrasing.decode import Decoder, Sampling, encode
from bot.phrasing.language_model import Prompt
from bot.phrasing.prompts import SYSTEM
from bot.phrasing.quantize import quantise, restore
from errors import ModelError

log = logging.getLogger(__name__)

LAYOUT = "1"
"""Part of the checksum of quantised weights; to be raised when `quantize` changes what it makes."""
PATIENCE = 0.05
"""Seconds between looks at the stop event while another caller is served."""


class EmbeddedModel:
    """Any causal language model that transformers can load from a folder, served in int8 on the CPU.

    The first load quantises and leaves the result in the folder, where it can be written; later loads take it
    from there. Callers from several threads are served one after another, in the order they came.
    """

    def __init__(
        self, folder: Path, adapter: Path | None = None, *, threads: int = 2, sampling: Sampling | None = None
    ) -> None:
        """Load the model. `adapter`: a folder with a LoRA adapter as peft writes it.

        Raises ModelError where folder or adapter are missing, damaged or do not fit each other.
        """
        torch.set_num_threads(threads)
        self._name = folder.name
        self._queue = Queue()
        try:
            self._tokenizer = _tokenizer(folder)
            self._decoder = Decoder(_load(folder, adapter), self._tokenizer, sampling)
            self._decoder.warm(encode(self._tokenizer, Prompt(SYSTEM, "")))
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(model=str(folder), reason=f"it cannot be loaded ({_first_line(error)})") from error

    @property
    def name(self) -> str:
        """The name of the model's folder."""
        return self._name

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it is decoded, the first prompt ahead of the others.

        A prompt is done at its line end or at `max_new_tokens`; setting `stop` ends all within a step, and the
        waiting for other callers too. Raises ModelError where memory or the model fail.
        """
        with self._queue.turn(stop) as served:
            if not served:
                return
            encoded = [encode(self._tokenizer, prompt) for prompt in prompts]
            try:
                yield from self._decoder.lines(encoded, max_new_tokens, stop)
            except (RuntimeError, MemoryError) as error:
                reason = f"it stopped in the middle of a line ({_first_line(error)})"
                raise ModelError(model=self._name, reason=reason) from error


class Queue:
    """Lets one caller through at a time, in the order they came."""

    def __init__(self) -> None:
        self._callers: deque[object] = deque()
        self._changed = Condition()

    def __len__(self) -> int:
        """Callers that are served or wait."""
        return len(self._callers)

    @contextmanager
    def turn(self, stop: Event | None) -> Iterator[bool]:
        """Waits for the caller's turn, which lasts as long as the block; False where `stop` was set before."""
        caller = object()
        with self._changed:
            self._callers.append(caller)
        try:
            with self._changed:
                while (served := self._callers[0] is caller) is False and not (stop and stop.is_set()):
                    self._changed.wait(PATIENCE)
            yield served
        finally:
            with self._changed:
                self._callers.remove(caller)
                self._changed.notify_all()


def _tokenizer(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not tokenizer("a").input_ids:
        # transformers makes an empty one of a folder without a vocabulary.
        raise ValueError("its tokenizer is missing")
    return tokenizer


def _load(folder: Path, adapter: Path | None) -> Any:
    """The quantised model, from the folder's own store of quantised weights if that is there and right."""
    store = folder / f"int8-{_checksum(folder, adapter)}.safetensors"
    tensors = _read(store) if store.exists() else None
    if tensors is None:
        tensors = _quantised(folder, adapter)
        if _write(tensors, store):
            # Read back, so that the weights do not lie in memory twice.
            tensors = load_file(store)
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    restore(model, tensors)
    use_grouped_attention(model)
    return model


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
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
