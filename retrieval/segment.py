"""Cutting Chinese and English text into words: jieba with the catalogue's own words, stop words, stemming.

Traditional characters are read as simplified ones, one for one, so that places in a text stay the same.
"""

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
HAN_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
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


class _SameLength(dict[int, int]):
    """Code point → simplified and full-width-folded one, worked out when first asked for; one for one."""

    def __init__(self) -> None:
        from opencc import OpenCC

        chars = [chr(code) for block in HAN_BLOCKS for code in block]
        plain = OpenCC("t2s").convert("\n".join(chars)).split("\n")
        super().__init__({ord(a): ord(b) for a, b in zip(chars, plain, strict=True) if a != b and len(b) == 1})

    def __missing__(self, code: int) -> int:
        folded = normalize("NFKC", chr(code))
        self[code] = ord(folded) if len(folded) == 1 else code
        return self[code]


@lru_cache(maxsize=1)
def _same_length() -> _SameLength:
    return _SameLength()


def simplified(text: str) -> str:
    """The text in simplified characters and half-width forms, every character in its old place.

    >>> simplified("我想看科幻電影，５個")
    '我想看科幻电影,5个'
    """
    return text if text.isascii() else text.translate(_same_length())


def fold(text: str) -> str:
    """Compatibility forms, traditional characters, case and outer space folded; the length may change."""
    return simplified(normalize("NFKC", text).casefold()).strip()


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
        self._taught: set[str] = set()
        for word in words:
            self.add(word)

    def add(self, word: str) -> None:
        """Teach one word; only words of two or more characters that hold Chinese are of use to jieba."""
        word = simplified(word)
        if len(word) > 1 and HAN.search(word) and len(word) <= 12 and " " not in word:
            if not self._jieba.FREQ.get(word):
                self._taught.add(word)
            self._jieba.add_word(word, USER_WORD_FREQUENCY)

    def is_common(self, word: str) -> bool:
        """Whether the general dictionary has a Chinese word; one that only the catalogue has is none."""
        return bool(self._jieba.FREQ.get(word)) and word not in self._taught

    def tokens(self, text: str) -> list[Token]:
        """All words with their places; punctuation and space are no words."""
        found: list[Token] = []
        plain = simplified(text)
        # jieba takes most of the time, and has nothing to find in a text without Chinese.
        for word, start, end in self._jieba.tokenize(plain, HMM=False) if HAN.search(plain) else ():
            if HAN.search(word):
                found.append(Token(text[start:end], fold(word), start, end))
        covered = bytearray(len(text))
        for token in found:
            covered[token.start : token.end] = b"\x01" * (token.end - token.start)
        for match in LATIN.finditer(plain):
            start, end = match.span()
            if not any(covered[start:end]):
                found.append(Token(text[start:end], stem(fold(match.group())), start, end))
        return sorted(found, key=lambda token: token.start)

    def parts(self, word: Token) -> list[Token]:
        """The words within a long Chinese one, the longer first (钢琴曲: 钢琴)."""
        found = []
        for part, start, end in self._jieba.tokenize(word.norm, mode="search", HMM=False):
            if 1 < len(part) < len(word.norm) and len(word.norm) == len(word.text):
                text = word.text[start:end]
                found.append(Token(text, part, word.start + start, word.start + end))
        return sorted(found, key=lambda token: -len(token.text))

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
