"""What a conversation is found by: marks such as `lang:zh` or `feedback:dislike`, and the words said in it.

Both are terms of one inverted index, so that a filter and a search are the same question. Chinese is cut into
overlapping pairs of characters, which needs no dictionary and finds any word of two characters; English words are
stemmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from snowballstemmer import stemmer

WORD = "w:"
"""Begins the terms that are words; marks begin with anything else."""
AFTER_WORDS = "w;"
"""The first text that sorts after all words."""
LONGEST_WORD = 64
SLOW_MS = 1_500.0
"""A reply whose first words took longer is slow."""
_RUNS = re.compile(r"[㐀-鿿豈-﫿]+|[a-z0-9]+")
_REPLACED = frozenset({"plain"})
_BY_MODEL = frozenset({"ok", "retried", "cut"})


def words(text: str) -> set[str]:
    """The terms of all words of a text. The last character of a Chinese run stands alone, too: see `lookups`."""
    found: set[str] = set()
    for run in _RUNS.findall(normalize("NFKC", text).lower()):
        if run[0] < "㐀":
            found.add(WORD + _stem(run[:LONGEST_WORD]))
        else:
            found.update(WORD + run[i : i + 2] for i in range(len(run)))
    return found


def lookups(text: str) -> tuple[list[str], list[str]]:
    """What to look for: terms that must all be there, and beginnings of terms (single Chinese characters)."""
    exact, begun = set(), set()
    for run in _RUNS.findall(normalize("NFKC", text).lower()):
        if run[0] < "㐀":
            exact.add(WORD + _stem(run[:LONGEST_WORD]))
        elif len(run) == 1:
            begun.add(WORD + run)
        else:
            exact.update(WORD + run[i : i + 2] for i in range(len(run) - 1))
    return sorted(exact), sorted(begun)


def decided(intent: str, unmet: Sequence[str], domains: Iterable[str]) -> set[str]:
    """The marks of a reply as it begins."""
    marks = {f"intent:{intent}", *(f"domain:{domain[:100]}" for domain in domains)}
    return marks | {"unmet:yes"} if unmet else marks


def worded(
    text: str,
    lines: Mapping[str, str],
    outcomes: Mapping[str, Any],
    timings: Mapping[str, float],
    complete: bool,
) -> set[str]:
    """The words of a finished reply, and the marks of how they came about. Early versions kept a bare outcome."""
    found = words(" ".join([text, *lines.values()]))
    told = [line if isinstance(line, str) else line.get("outcome", "") for line in outcomes.values()]
    if any(outcome in _REPLACED for outcome in told):
        found.add("words:replaced")
    if told and not any(outcome in _BY_MODEL for outcome in told):
        found.add("words:plain")
    if first_words_ms(timings) > SLOW_MS:
        found.add("slow:yes")
    if not complete:
        found.add("cut:yes")
    return found


def first_words_ms(timings: Mapping[str, float]) -> float:
    """Milliseconds from the message to the first words of its reply."""
    return sum(float(value) for stage, value in timings.items() if stage != "words")


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    # A stemmer has a state of its own, so threads do not share one.
    return str(stemmer("english").stemWord(word))
