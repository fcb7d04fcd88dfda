"""Plain sentences made from the facts: the floor below the language model, true by construction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from bot.phrasing.facts import listed, price
from bot.phrasing.requests import ItemLine, LineRequest, OpeningLine
from bot.shipped import read_json
from errors import Lang
from retrieval.items import Item

CLOSING = "”’」』》）"
SENTENCE_END = re.compile(
    rf"(?<=[。！？])(?![{CLOSING}])|(?<=[。！？][{CLOSING}])"
    r"|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b[A-Z][a-z]\.)\s+(?=[A-Z“\"])"
)
"""Where a sentence ends; not after initials and titles of address (J. K., Dr., St.)."""
SENTENCE_LIMIT: dict[Lang, int] = {"zh": 140, "en": 320}
"""Most characters of a description's first sentence that are said."""


def plain(request: LineRequest, *, empty: bool = False, nearest: str = "") -> str:
    """A plain sentence for a request; the same request gives the same sentence."""
    if isinstance(request, ItemLine):
        return item_sentence(request)
    return opening_sentence(request, empty=empty, nearest=nearest)


def opening_sentence(request: OpeningLine, *, empty: bool, nearest: str) -> str:
    """The opening. `empty`: there is no card at all; `nearest`: how near the catalogue comes, if a limit is why."""
    lang, intent = request.lang, request.intent
    key = intent + request.wish
    names = listed_words(request.unmet, lang)
    if empty and intent not in ("greeting", "thanks"):
        joined = (f"，{nearest}" if lang == "zh" else f"; {nearest}") if nearest else ""
        return in_words("empty" if names else "nothing_left", lang, key, unmet=names, nearest=joined)
    if names:
        return in_words("unmet_nearest" if nearest else "unmet", lang, key, unmet=names, nearest=nearest)
    return in_words("recommend" if intent == "unmet" else intent, lang, key)


def in_words(situation: str, lang: Lang, key: str, **names: str) -> str:
    """A plain sentence for a situation of `data/openings.json`; the same key gives the same one.

    A situation that is not there gets the sentences of a recommendation. `names` fill the placeholders.
    """
    known = openings()
    sentence = choose(known.get(situation, known["recommend"])[lang], key).format(**names)
    return sentence[:1].upper() + sentence[1:]


@lru_cache(maxsize=1)
def openings() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Situation → language → its sentences."""
    known: Mapping[str, Mapping[str, Sequence[str]]] = read_json("bot.phrasing", "openings.json")
    return known


def item_sentence(request: ItemLine) -> str:
    """One true sentence on an item: what it is by its description, then what it costs if it is for sale."""
    item, lang = request.item, request.lang
    said = _first_sentence(item.description, lang) or _closed(_what(item, lang), lang)
    cost = price(item, lang)
    if not cost or cost in said:
        return said
    if said[-1] not in "。.":
        return f"{said}{cost}。" if lang == "zh" else f"{said} {cost[:1].upper()}{cost[1:]}."
    return f"{said[:-1]}，{cost}。" if lang == "zh" else f"{said[:-1]}; {cost}."


def _what(item: Item, lang: Lang) -> str:
    """What kind of thing it is and by whom."""
    what = item.category or item.domain
    if lang == "zh":
        return f"{item.brand}的{what}" if item.brand else what
    what = what[:1].upper() + what[1:]
    return f"{what} by {item.brand}" if item.brand else what


def _first_sentence(description: str, lang: Lang) -> str:
    """The description's first sentence; one that is too long is cut after a clause or a word."""
    flat = " ".join(description.split())
    said = next((part.strip() for part in SENTENCE_END.split(flat) if part.strip()), "")
    if len(said) <= SENTENCE_LIMIT[lang]:
        return _closed(said, lang) if said else ""
    head = said[: SENTENCE_LIMIT[lang]]
    end = max(head.rfind(mark) for mark in "，；,; ")
    return (head[:end] if end > 0 else head) + "…"


def _closed(text: str, lang: Lang) -> str:
    """The text with a full stop, if it has no end of its own."""
    if text.rstrip(CLOSING)[-1:] in "。！？….!?":
        return text
    return text + ("。" if lang == "zh" else ".")


def choose(options: Sequence[str], key: str) -> str:
    """One of the sentences; the same key chooses the same."""
    return options[crc32(key.encode()) % len(options)]


def listed_words(words: Sequence[str], lang: Lang) -> str:
    """Words of the visitor's, quoted, as a list in a sentence."""
    return listed([f"“{word}”" for word in words], lang)
