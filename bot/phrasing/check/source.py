"""What a line may take words and numbers from: the facts of its request and what the visitor said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.phrasing.facts import facts, label
from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from retrieval.items import Item
from retrieval.segment import fold

Told = tuple[str, str]
"""(field, text); the field is empty for what is no fact of an item."""


def told(request: LineRequest) -> Iterator[Told]:
    """All that the line may speak from. Of a comparison only what is set side by side, as nothing else has a side."""
    yield "", request.wish
    match request:
        case ItemLine():
            yield from (("", text) for text in (*request.fits, *request.reasons))
            yield from facts(request.item, request.lang)
        case AnswerLine():
            yield from (("", text) for pair in request.asked for text in pair)
            yield from (("", text) for text in request.missing)
            yield from facts(request.item, request.lang)
        case CompareLine():
            for item in (request.one, request.two):
                yield "title", item.title
                yield "category", item.category or item.domain
            yield from (("", text) for point in request.points for text in point)
        case OpeningLine():
            words = (*request.limits, *request.refused, *request.unmet, *request.kinds, request.near, request.source)
            yield from (("", text) for text in words)


def source_of(request: LineRequest) -> str:
    """All words that a line may take, the names of fields among them, folded."""
    return fold(" ".join(_words(request)))


def own_facts(request: LineRequest) -> str:
    """The facts alone, without what the visitor said, folded; what they say, a line must not turn round."""
    match request:
        case ItemLine() | AnswerLine():
            return fold(" ".join(text for _, text in facts(request.item, request.lang)))
    return ""


def items_of(request: LineRequest) -> tuple[Item, ...]:
    """The items that a line is about."""
    match request:
        case ItemLine() | AnswerLine():
            return (request.item,)
        case CompareLine():
            return request.one, request.two
        case OpeningLine():
            return ()


def holds(text: str, words: str) -> bool:
    """Whether a folded text has these folded words in it, English ones as whole words ("red" is not in "tailored")."""
    before = r"(?<![a-z0-9])" if words[:1].isascii() else ""
    after = r"(?![a-z0-9])" if words[-1:].isascii() else ""
    return re.search(before + re.escape(words) + after, text) is not None


def _words(request: LineRequest) -> Iterator[str]:
    for field, text in told(request):
        if field and field != "description":
            yield label(field, request.lang)
        yield text
