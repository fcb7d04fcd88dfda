"""Which words of a tokenizer a line may be written with: those of Chinese and English, and what spells the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

LATIN_WORDS = 30_000
"""How many of the Latin words, the commonest first: a tokenizer numbers them in that order."""
HAN = r"[\u3007\u3400-\u9fff\uf900-\ufaff]"
MARK = r"[!-/:-@\[-`{-~\u2010-\u2027\u3000-\u301f\uff01-\uff0f\uff1a-\uff20￥€£°·×℃]"
LATIN = re.compile(r" ?[-'’“‘(《]?[A-Za-zÀ-ɏ]+")
OTHERS = re.compile(
    rf"""
    \ ?{MARK}?{HAN}+
    | \ ?[0-9]+
    | \ ?{MARK}{{0,2}}\n?
    | .*\ufffd.*  # a part of a character
    """,
    re.VERBOSE,
)


def words(tokenizer: PreTrainedTokenizerFast, size: int, taught: Iterable[str] = ()) -> Tensor:
    """The token ids, ascending, among the `size` that the model has.

    The words of the `taught` lines are among them, and so are the control tokens, which end a line.
    """
    ids = range(min(len(tokenizer), size))
    texts = tokenizer.backend_tokenizer.decode_batch([[number] for number in ids], skip_special_tokens=False)
    latin = [number for number, text in zip(ids, texts, strict=True) if LATIN.fullmatch(text)]
    letters = [number for number in latin if len(texts[number]) == 1]
    others = [number for number, text in zip(ids, texts, strict=True) if OTHERS.fullmatch(text)]
    lines = tokenizer([f"{line}\n" for line in taught], add_special_tokens=False).input_ids if taught else []
    known = {token for line in lines for token in line}
    return torch.tensor(sorted({*latin[:LATIN_WORDS], *letters, *others, *known, *tokenizer.all_special_ids}))
