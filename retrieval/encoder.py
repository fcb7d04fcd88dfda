"""Text to unit vectors with any BERT: mean pooling over tokens, 8-bit layers, batches sorted by length."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Encoding, Tokenizer
from torch import nn
from transformers import AutoConfig, AutoTokenizer, BertModel, PreTrainedTokenizerFast

from errors import ModelError
from retrieval.quantised import quantise_linears, quantise_words

log = logging.getLogger(__name__)

Kind = Literal["query", "passage"]
"""What a text is to the model: something said by a visitor, or an item that may answer it."""

LOAD_ERRORS = (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError)
USUAL_TEXTS = (
    "query: 今天想看一部轻松一点的电影，最好是喜剧，不要太长",
    "query: I want a warm jacket for hiking, under 300, not black",
    "passage: 入门书法课程，书法，零基础，放松；每周两次，十二周学完楷书的基本笔画",
    "passage: Noise-cancelling headphones, electronics, commute, 40 hours of battery, folds flat",
)
"""Run once through a model to see how large its layers' inputs become."""


class TextEncoder(Protocol):
    """What the rest of the system knows of an encoder."""

    @property
    def name(self) -> str:
        """Identifies model, weights and pooling: vectors of different names must not be compared."""

    @property
    def dimension(self) -> int:
        """The width of a vector."""

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Texts [n] -> unit vectors [n, dimension]."""


class Encoder:
    """A BERT as a text encoder. Thread-safe: many threads may call `encode` of one instance.

    Args:
        folder_or_name: a transformers folder, or the name of a model on the Hugging Face hub
            (fetched by transformers if the machine does not have it).
        int8: linear layers and word table in 8 bits (a quarter of the memory, about twice as fast).
        batch_size: most texts in one run of the model.
        threads: how many threads torch may use. torch knows only one such number for the whole process.

    Raises:
        ModelError: the folder or model is missing, damaged, or no BERT.
    """

    def __init__(
        self,
        folder_or_name: str | Path,
        *,
        int8: bool = True,
        batch_size: int = 32,
        threads: int | None = None,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        loaded = _load(folder_or_name)
        self._batch_size = batch_size
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._pad = loaded.pad
        self._marks = loaded.marks
        self.dimension = loaded.width
        self.name = f"{self._marks['name']}/mean/{'int8' if int8 else 'float32'}/{_fingerprint(loaded.model)}"
        if int8:
            # The table first, so that it never stands in float32.
            quantise_words(self._model)
        self._model.float()
        if int8:
            quantise_linears(self._model, lambda: self._pooled(self._tokenizer.encode_batch(list(USUAL_TEXTS))))

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Texts [n] -> unit vectors float32 [n, dimension], in the given order.

        Texts are cut at the model's longest input; an empty list gives an array [0, dimension].
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        mark = self._marks[kind]
        encodings = self._tokenizer.encode_batch([mark + text for text in texts])
        by_length = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for start in range(0, len(texts), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            vectors[batch] = self._pooled([encodings[i] for i in batch])
        return vectors

    @torch.inference_mode()
    def _pooled(self, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        """One run of the model: the mean of each text's token vectors, at unit length."""
        lengths = torch.tensor([len(e.ids) for e in encodings])
        width = int(lengths.max())
        ids = torch.tensor([e.ids + [self._pad] * (width - len(e.ids)) for e in encodings])
        mask = torch.arange(width) < lengths[:, None]
        padded = bool((lengths < width).any())
        # Without padding there is nothing to mask, and attention is faster if it is not told to.
        hidden = self._model(input_ids=ids, attention_mask=mask.long() if padded else None).last_hidden_state
        total = (hidden * mask.unsqueeze(-1)).sum(dim=1)
        pooled: NDArray[np.float32] = torch.nn.functional.normalize(total, dim=1).numpy()
        return pooled


@dataclass(frozen=True)
class _Loaded:
    """A model in the precision it is stored in, and its tokenizer, which cuts at the longest input."""

    model: nn.Module
    tokenizer: Tokenizer
    marks: dict[str, str]
    width: int
    pad: int


def _load(source: str | Path) -> _Loaded:
    folder = Path(source)
    looks_local = isinstance(source, Path) or folder.is_absolute() or str(source).startswith(".")
    if looks_local and not (folder / "config.json").is_file():
        raise ModelError(model=source, reason="the folder does not exist or holds no model")
    try:
        config = AutoConfig.from_pretrained(source)
        if config.model_type != "bert":
            raise ModelError(model=source, reason=f"it is no BERT but a model of the type {config.model_type}")
        # A damaged tokenizer file is found here, as plain JSON: the tokenizer's own error has no type.
        if (folder / "tokenizer.json").is_file():
            json.loads((folder / "tokenizer.json").read_bytes())
        marks = _marks(source)
        wrapped = AutoTokenizer.from_pretrained(source)
        loaded: Any = BertModel.from_pretrained(
            source, config=config, add_pooling_layer=False, dtype="auto", output_loading_info=True
        )
    except LOAD_ERRORS as error:
        log.exception("cannot load the encoder %s", source)
        raise ModelError(model=source, reason="its files are missing or damaged") from error
    model, report = loaded
    if report["missing_keys"] or report["mismatched_keys"]:
        log.error("%s lacks weights: %s", source, report)
        raise ModelError(model=source, reason="some of its weights are missing")
    if not isinstance(wrapped, PreTrainedTokenizerFast):
        raise ModelError(model=source, reason="it has no fast tokenizer (tokenizer.json)")
    tokenizer = wrapped.backend_tokenizer
    tokenizer.enable_truncation(min(int(wrapped.model_max_length), int(config.max_position_embeddings)))
    tokenizer.no_padding()
    return _Loaded(model.eval(), tokenizer, marks, int(config.hidden_size), int(config.pad_token_id or 0))


def _marks(source: str | Path) -> dict[str, str]:
    """How texts are marked for this model (`query`, `passage`), and its short `name`.

    A folder may say so in `encoder.json`; otherwise the model's name tells.
    """
    described = Path(source) / "encoder.json"
    if described.is_file():
        marks = json.loads(described.read_text(encoding="utf-8"))
        return {key: str(marks.get(key, "")) for key in ("name", "query", "passage")}
    name = Path(source).name
    family = name.lower()
    if "e5" in family.split("-"):
        return {"name": name, "query": "query: ", "passage": "passage: "}
    if family.startswith("bge-") and "-zh" in family:
        return {"name": name, "query": "为这个句子生成表示以用于检索相关文章：", "passage": ""}
    if family.startswith("bge-") and "-en" in family:
        asked = "Represent this sentence for searching relevant passages: "
        return {"name": name, "query": asked, "passage": ""}
    return {"name": name, "query": "", "passage": ""}


def _fingerprint(model: nn.Module) -> str:
    """Tells apart two sets of weights under one name, such as before and after fine-tuning (hex)."""
    digest = blake2b(digest_size=6)
    for _, parameter in sorted(model.named_parameters()):
        digest.update(parameter.detach().flatten()[:64].float().numpy().tobytes())
    return digest.hexdigest()
