"""Which of the two languages a text is in."""

from __future__ import annotations

import re

from errors import Lang
from retrieval.segment import HAN

LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def language(text: str, default: Lang) -> Lang:
    """Chinese if it has at least as many Chinese characters as English words; `default` if it has neither."""
    han = len(HAN.findall(text))
    latin = len(LATIN_WORD.findall(text))
    if not han and not latin:
        return default
    return "zh" if han >= latin else "en"
