"""The words that steer a sentence: refusing, wanting, turning, adding, asking for more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.shipped import read_json


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue found in a text: what it does and where it stands (characters)."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _lexicon() -> Mapping[str, re.Pattern[str]]:
    raw = read_json("bot.understanding", "cues.json")
    intents = raw.pop("intent")
    kinds = {kind: pattern(words["zh"] + words["en"]) for kind, words in raw.items()}
    return kinds | {f"intent.{kind}": pattern(words["zh"] + words["en"]) for kind, words in intents.items()}


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words in a lowered text, the longest first; English ones only whole, with either apostrophe.

    An entry between slashes is a pattern itself. The look at the first character spares most positions the rest.
    """
    entries = sorted(set(words), key=len, reverse=True)
    own = [entry[1:-1] for entry in entries if _is_pattern(entry)]
    literal = [entry.lower() for entry in entries if not _is_pattern(entry)]
    parts = [rf"\b{re.escape(w)}\b".replace("'", "['’]") if w.isascii() else re.escape(w) for w in literal]
    if parts:
        first = "".join(sorted({re.escape(w[0]) for w in literal}))
        own.append(f"(?=[{first}])(?:{'|'.join(parts)})")
    return re.compile("|".join(own) or r"(?!)")


def _is_pattern(entry: str) -> bool:
    return len(entry) > 2 and entry.startswith("/") and entry.endswith("/")


def lowered(text: str) -> str:
    """The text in small letters, every character in its old place."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def find(kind: str, text: str) -> list[Cue]:
    """All cues of a kind, left to right."""
    return [Cue(kind, *match.span()) for match in _lexicon()[kind].finditer(lowered(text))]


def says(kind: str, text: str) -> bool:
    """Whether the text holds a cue of that kind."""
    return _lexicon()[kind].search(lowered(text)) is not None


def blank(text: str, cues: Iterable[Cue]) -> str:
    """The text with the cues' characters made spaces, so that places stay the same."""
    return blanked(text, [(cue.start, cue.end) for cue in cues])


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with the (start, end) stretches made spaces."""
    return filled(text, spans, " ")


def filled(text: str, spans: Iterable[tuple[int, int]], sign: str) -> str:
    """The text with each character of the (start, end) stretches made one sign."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = sign * (end - start)
    return "".join(chars)
