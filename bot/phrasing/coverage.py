"""How far a line keeps to what it was given: stray words, facts turned round, refused things put forward.

A small model's slips are seldom wrong numbers; they are words from nowhere and a "not" too many. What a line may say
beyond its facts is learnt from our own written lines: the words that these use without having them from the facts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from bot.understanding.polarity import refused_spans
from retrieval.segment import Segmenter, Token, fold

MOST_STRAY = {"item": 1, "opening": 0}
"""Content words without a ground that a line may hold: most of our own written item lines have none, nearly all
at most one."""
SEEN_OFTEN = {"item": 2, "opening": 1}
"""In how many written lines a word must stand beyond its facts to count as common speech."""
DENIAL = re.compile(
    r"(?:不(?!错|少|同|仅|只|过|断|知|论|管|妨)|没有?|无(?!线|论|数)|非(?!常|洲))(?:是|含|用|带|要|会|能|需|配)?"
)
ENGLISH_DENIAL = re.compile(r"\b(?:not|no|without|never|isn't|doesn't)\s+(?:an?\s+|the\s+)?(\w+)", re.IGNORECASE)
REFUSING = re.compile(
    r"不|没|别|除|避|去掉|拿掉|放下|放一放|放到一边|撤|no\b|not\b|without|none|n't|left out|skip|gone|leav|aside|"
    r"away|off the|instead of|out",
    re.IGNORECASE,
)
CLAUSES = re.compile(r"[，,。.；;！!？?]")
WINDOW = 3
"""Characters before a fact in which its own denial may stand."""


def stray_words(line: str, source: str, kind: str, segmenter: Segmenter) -> list[str]:
    """The content words of a line that neither its source nor common speech has, if they are too many; else none."""
    known = {token.norm for token in segmenter.tokens(source)}
    common = _common_speech(kind)
    stray = [t.text for t in _content(line, segmenter) if not _grounded(t, source, known) and t.norm not in common]
    return stray if len(stray) > MOST_STRAY[kind] else []


def denied(line: str, facts: str) -> Iterator[str]:
    """Facts that the line turns round: it says "not X" where the facts have X and do not deny it."""
    for match in DENIAL.finditer(line):
        said = line[match.end() : match.end() + 2]
        if len(said) == 2 and not CLAUSES.search(said) and _affirmed(said, facts):
            yield match.group() + said
    for match in ENGLISH_DENIAL.finditer(line):
        word = fold(match[1])
        if len(word) > 3 and re.search(rf"\b{re.escape(word)}\b", facts) and not ENGLISH_DENIAL.search(facts):
            yield match.group()


def put_forward(line: str, refused: Sequence[str]) -> Iterator[str]:
    """Refused things that an opening names otherwise than to leave them out."""
    spans = refused_spans(line)
    for name in refused:
        start = fold(line).find(fold(name))
        while start >= 0:
            clause = CLAUSES.split(line[:start])[-1] + CLAUSES.split(line[start:])[0]
            if not any(a <= start < b for a, b in spans) and not REFUSING.search(clause):
                yield name
            start = fold(line).find(fold(name), start + 1)


def _affirmed(said: str, facts: str) -> bool:
    places = [match.start() for match in re.finditer(re.escape(said), facts)]
    return bool(places) and not any(DENIAL.search(facts[max(0, place - WINDOW) : place]) for place in places)


def _content(line: str, segmenter: Segmenter) -> list[Token]:
    return [t for t in segmenter.content(line) if len(t.norm) > 1 and not t.norm.isdigit()]


def _grounded(token: Token, source: str, known: set[str]) -> bool:
    return token.norm in known or (token.han and token.norm in source)


@lru_cache(maxsize=2)
def _common_speech(kind: str) -> frozenset[str]:
    from bot.phrasing.grounding import source_of
    from bot.phrasing.prompts import training_request

    segmenter = Segmenter()
    counts: Counter[str] = Counter()
    for path in sorted(files("bot.phrasing").joinpath("data/sentences").iterdir(), key=str):
        for row in path.read_text(encoding="utf-8").splitlines():
            example = json.loads(row)
            if example["kind"] == kind:
                source = source_of(training_request(example))
                known = {token.norm for token in segmenter.tokens(source)}
                words = _content(example["line"], segmenter)
                counts.update({word.norm for word in words if not _grounded(word, source, known)})
    return frozenset(word for word, count in counts.items() if count >= SEEN_OFTEN[kind])
