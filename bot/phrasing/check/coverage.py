"""How far a line keeps to its source: content words that come from nowhere.

A small model's slips are seldom wrong numbers; they are words from nowhere. What a line may say beyond its facts is
learnt from our own written lines (`speech`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.segment import Segmenter, Token


@dataclass(frozen=True)
class Speech:
    """Normal forms of words. `common`: said of anything; `facts`: said only where the facts have them."""

    common: frozenset[str]
    facts: frozenset[str]


MOST_STRAY = 2
"""Unknown words without a ground that a line may hold; hardly any of our own lines has more."""


def stray_words(line: str, source: str, speech: Speech, segmenter: Segmenter, known: Collection[str]) -> Sequence[str]:
    """The content words of a line from nowhere: each that is a word of facts, and all if they are too many.

    `known`: the normal forms of the source's words.
    """
    beyond = [token for token in ungrounded(line, source, segmenter, known) if token.norm not in speech.common]
    if len(beyond) > MOST_STRAY:
        return [token.text for token in beyond]
    return [token.text for token in beyond if token.norm in speech.facts]


def ungrounded(line: str, source: str, segmenter: Segmenter, known: Collection[str]) -> list[Token]:
    """The content words of a line that its source lacks."""
    return [token for token in content(line, segmenter) if not is_grounded(token, source, known)]


def content(line: str, segmenter: Segmenter) -> list[Token]:
    """A line's content words, without single characters and numbers, which say nothing by themselves here."""
    return [t for t in segmenter.content(line) if len(t.norm) > 1 and not t.norm.isdigit()]


def norms(source: str, segmenter: Segmenter) -> frozenset[str]:
    """The normal forms of a source's words."""
    return frozenset(token.norm for token in segmenter.tokens(source))


def is_grounded(token: Token, source: str, known: Collection[str]) -> bool:
    """Whether the source has a word, or in Chinese all of its characters."""
    return token.norm in known or (token.han and (token.norm in source or set(token.norm) <= set(source)))
