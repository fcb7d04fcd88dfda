"""Cutting Chinese and English text into words: jieba with the catalogue's own words, stop words, stemming."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from unicodedata import normalize

import jieba
from snowballstemmer import stemmer

LATIN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)*[+#]*", re.IGNORECASE)
HAN = re.compile(r"[㐀-鿿豈-﫿]")
USER_WORD_FREQUENCY = 20_000
"""Frequency given to catalogue words: high enough that jieba keeps them whole."""


logging.getLogger("jieba").setLevel(logging.WARNING)  # it sets itself to debug, and speaks at every start


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: as written, its normal form (folded, stemmed), and where it stands (characters)."""

    text: str
    norm: str
    start: int
    end: int

    @property
    def han(self) -> bool:
        """Whether the word holds Chinese characters."""
        return bool(HAN.search(self.text))


def fold(text: str) -> str:
    """Compatibility forms, case and outer space folded; the length may change."""
    return normalize("NFKC", text).casefold().strip()


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Words that carry no wish, in both languages (folded)."""
    text = files("retrieval").joinpath("data/stop_words.txt").read_text(encoding="utf-8")
    return frozenset(fold(line) for line in text.splitlines() if line and not line.startswith("#"))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """An English word's stem (Porter 2, snowball)."""
    return str(stemmer("english").stemWord(word.removesuffix("'s").removesuffix("’s")))


class Segmenter:
    """Cuts text into `Token`s. `words`: the catalogue's own words, which are never cut apart.

    Holds its own jieba dictionary, so two catalogues in one process do not mix.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._jieba = jieba.Tokenizer()
        self._jieba.initialize()
        for word in words:
            self.add(word)

    def add(self, word: str) -> None:
        """Teach one word; only words of two or more characters that hold Chinese are of use to jieba."""
        if len(word) > 1 and HAN.search(word) and len(word) <= 12 and " " not in word:
            self._jieba.add_word(word, USER_WORD_FREQUENCY)

    def add_new(self, name: str) -> None:
        """Teach a name (a title) whole, unless it is made of common words that people also say otherwise."""
        if len(name) > 2 or not self._jieba.FREQ.get(name):
            self.add(name)

    def tokens(self, text: str) -> list[Token]:
        """All words with their places; punctuation and space are no words."""
        found: list[Token] = []
        for word, start, end in self._jieba.tokenize(text, HMM=False):
            if HAN.search(word):
                found.append(Token(word, fold(word), start, end))
        covered = bytearray(len(text))
        for token in found:
            covered[token.start : token.end] = b"\x01" * (token.end - token.start)
        for match in LATIN.finditer(text):
            if not any(covered[match.start() : match.end()]):
                word = match.group()
                found.append(Token(word, stem(fold(word)), match.start(), match.end()))
        return sorted(found, key=lambda token: token.start)

    def content(self, text: str) -> list[Token]:
        """The words that are no stop words."""
        stops = stop_words()
        return [t for t in self.tokens(text) if t.norm not in stops and fold(t.text) not in stops]

    def norms(self, text: str) -> list[str]:
        """The normal forms of the content words, and of the words within long Chinese ones (科幻片: 科幻)."""
        found = []
        for token in self.content(text):
            found.append(token.norm)
            if token.han and len(token.text) > 2:
                found += [
                    part
                    for part in self._jieba.cut_for_search(token.norm, HMM=False)
                    if 1 < len(part) < len(token.norm)
                ]
        return found


def phrase_norm(tokens: Sequence[Token]) -> str:
    """The normal form of a run of words: Chinese joined directly, English by spaces."""
    out = ""
    for token in tokens:
        space = " " if out and not token.han and not HAN.search(out[-1]) else ""
        out += space + token.norm
    return out
