"""The words that steer a sentence: refusing, wanting, turning, adding, asking for more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue found in a text: what it does and where it stands (characters)."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _lexicon() -> Mapping[str, re.Pattern[str]]:
    raw = json.loads(files("bot.understanding").joinpath("data/cues.json").read_text(encoding="utf-8"))
    intents = raw.pop("intent")
    kinds = {kind: _pattern(words["zh"] + words["en"]) for kind, words in raw.items()}
    return kinds | {f"intent.{kind}": _pattern(words["zh"] + words["en"]) for kind, words in intents.items()}


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, the longest first; English ones only as whole words, either apostrophe."""
    parts = [
        rf"\b{re.escape(word)}\b".replace("'", "['’]") if word.isascii() else re.escape(word)
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


def find(kind: str, text: str) -> list[Cue]:
    """All cues of a kind, left to right."""
    return [Cue(kind, *match.span()) for match in _lexicon()[kind].finditer(text)]


def says(kind: str, text: str) -> bool:
    """Whether the text holds a cue of that kind."""
    return _lexicon()[kind].search(text) is not None


def blank(text: str, cues: Iterable[Cue]) -> str:
    """The text with the cues' characters made spaces, so that places stay the same."""
    for cue in cues:
        text = text[: cue.start] + " " * (cue.end - cue.start) + text[cue.end :]
    return text
