"""Plain sentences made from the facts: the floor below the language model, true by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from bot.phrasing.facts import listed
from bot.phrasing.item_sentences import item_sentence
from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from bot.phrasing.telling import CLOSING, first_of
from bot.shipped import read_json
from errors import Lang

SENTENCE_LIMIT: dict[Lang, int] = {"zh": 140, "en": 320}
"""Most characters of a description's first sentence that are said."""

MOST_NAMED = 2
"""Limits or refusals that an opening goes through."""


def plain(request: LineRequest, *, empty: bool = False, nearest: str = "") -> str:
    """A plain sentence for a request; the same request gives the same sentence."""
    match request:
        case ItemLine():
            return item_sentence(request)
        case OpeningLine():
            return opening_sentence(request, empty=empty, nearest=nearest)
        case AnswerLine():
            return _answer(request)
        case CompareLine():
            return _comparison(request)


def opening_sentence(request: OpeningLine, *, empty: bool = False, nearest: str = "") -> str:
    """The opening. `empty`: there is no card at all; `nearest`: how near the catalogue comes, if a limit is why."""
    lang, intent = request.lang, request.intent
    key = intent + request.wish
    names = listed_words(request.unmet, lang)
    nearest = nearest or request.near
    if (empty and intent not in ("greeting", "thanks", "small_talk")) or intent == "nothing":
        return _nothing(request, key, names, nearest)
    if names:
        return in_words("unmet_nearest" if nearest else "unmet", lang, key, unmet=names, nearest=nearest)
    if intent == "bridge" and request.source and request.kinds:
        return in_words("bridge", lang, key, source=request.source, kinds=listed(request.kinds, lang))
    if intent == "small_talk" and request.source:
        return in_words("small_talk_back", lang, key, source=request.source)
    if intent == "reject" and 0 < len(request.refused) <= MOST_NAMED:
        return in_words("reject_those", lang, key, refused=listed_words(request.refused, lang))
    if intent in ("recommend", "refine") and 0 < len(request.limits) <= MOST_NAMED:
        return in_words(f"{intent}_within", lang, key, limits=listed_words(request.limits, lang))
    return in_words({"unmet": "recommend", "bridge": "shift"}.get(intent, intent), lang, key)


def _nothing(request: OpeningLine, key: str, names: str, nearest: str) -> str:
    """That there is no card, with what comes nearest where that is known, else what it would have to keep to."""
    lang = request.lang
    joined = (f"，{nearest}" if lang == "zh" else f"; {nearest}") if nearest else ""
    if names:
        return in_words("empty", lang, key, unmet=names, nearest=joined)
    if nearest:
        return in_words("nothing_near", lang, key, nearest=nearest)
    if request.limits:
        return in_words("nothing_left_within", lang, key, limits=listed_words(request.limits, lang))
    return in_words("nothing_left", lang, key)


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


def first_sentence(description: str, lang: Lang) -> str:
    """The description's first sentence; one that is too long is cut after a clause or a word."""
    said = first_of(description)
    if len(said) <= SENTENCE_LIMIT[lang]:
        return _closed(said, lang) if said else ""
    head = said[: SENTENCE_LIMIT[lang]]
    end = max(head.rfind(mark) for mark in "，；,; ")
    return (head[:end] if end > 0 else head) + "…"


def _answer(request: AnswerLine) -> str:
    """The asked fields with their values, then what the data lacks; in general, what the description tells."""
    lang = request.lang
    if not request.asked and not request.missing:
        return first_sentence(request.item.description, lang) or item_sentence(ItemLine(lang, "", (), request.item))
    said = [f"{label}：{value}" if lang == "zh" else f"{label}: {value}" for label, value in request.asked]
    if request.missing:
        lacking = listed(request.missing, lang)
        said.append(f"资料没有写{lacking}" if lang == "zh" else f"the data does not give {lacking}")
    return _sentence(said, lang)


def _comparison(request: CompareLine) -> str:
    """Both values of each point, each beside its item's title."""
    lang, (one, two) = request.lang, (request.one.title, request.two.title)
    if lang == "zh":
        return _sentence([f"{label}，“{one}”{a}，“{two}”{b}" for label, a, b, _ in request.points], lang)
    return _sentence([f"{label}: “{one}” {a}, “{two}” {b}" for label, a, b, _ in request.points], lang)


def _sentence(clauses: Sequence[str], lang: Lang) -> str:
    said = ("；" if lang == "zh" else "; ").join(clauses)
    return _closed(said[:1].upper() + said[1:], lang)


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
