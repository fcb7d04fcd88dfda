"""Misspelt English words of the catalogue: "horor", "jeens", "sience" (SymSpell's index of deletions)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

from symspellpy import SymSpell, Verbosity

SHORTEST = 4
"""Letters of the shortest word that is corrected."""
COMMON = 10_000_000
"""Occurrences (of about 10^12 words of web text) from which on a word is common."""
LONG = 8
"""From this length on, two slips are forgiven; below, one."""


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Some 80,000 words that are spelt right, whatever they mean (the list that symspellpy carries)."""
    return frozenset(word for word, _ in _counted())


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Those of them that people say every day; the others are as likely a name (dune, nolan)."""
    return frozenset(word for word, count in _counted() if count >= COMMON)


def _counted() -> Iterator[tuple[str, int]]:
    text = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    for line in text.splitlines():
        word, _, count = line.partition(" ")
        yield word, int(count)


class Spelling:
    """Knows a catalogue's English words, and the nearest of them to one that is none. Costs the word's own length."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        """`words`: (folded word, how much it counts); of two equally near ones the weightier is meant."""
        self._index = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        for word, count in words:
            if len(word) >= SHORTEST and word.isascii() and word.isalpha():
                self._index.create_dictionary_entry(word, count)

    def knows(self, word: str) -> bool:
        """Whether a folded word is a word of the catalogue or of English."""
        return word in self._index.words or word in english_words()

    def nearest(self, word: str) -> str:
        """The catalogue's word that a folded, misspelt word stands for; the word itself if it is none or none is near.

        The first letter is taken as right, unless the first two have changed places.
        """
        if len(word) < SHORTEST or not word.isascii() or not word.isalpha() or self.knows(word):
            return word
        for heard in (word.replace("f", "ph"), word.replace("ph", "f")):
            if heard in self._index.words:
                return heard
        most = 2 if len(word) >= LONG else 1
        for found in self._index.lookup(word, Verbosity.CLOSEST, max_edit_distance=most):
            if found.term[0] == word[0] or found.term[:2] == word[1::-1]:
                return str(found.term)
        return word
