"""Which of the two languages a text is in."""

from __future__ import annotations

import re

from errors import Lang
from retrieval.segment import HAN

KANA, HANGUL = re.compile(r"[぀-ヿ]"), re.compile(r"[가-힯]")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
ENGLISH_GRAMMAR = re.compile(
    r"\b(?:i|i'm|i'd|me|my|like|love|want|need|the|a|an|some|any|please|show|find|for|with|not|no|of|to|is|are|and|but)\b",
    re.IGNORECASE,
)


def language(text: str, default: Lang) -> Lang:
    """The language of a text; `default` if it has words of neither.

    In a mixed text the grammar decides, not the names: "I like 三体" is English, "推荐几本 sci-fi 的书" Chinese.
    """
    han = len(HAN.findall(text))
    if KANA.search(text) or HANGUL.search(text):
        return default
    if not han:
        return "en" if LATIN_WORD.search(text) else default
    grammar = len(ENGLISH_GRAMMAR.findall(text))
    return "en" if grammar >= max(2, han / 4) else "zh"
