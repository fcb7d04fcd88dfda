"""Plain sentences on items: why one is here, with a fact or two. True by construction; patterns are data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

from bot.phrasing.facts import listed, price, value_text
from bot.phrasing.requests import ItemLine
from bot.phrasing.telling import telling
from bot.shipped import read_json
from errors import Lang
from retrieval.items import AttributeValue, Item
from retrieval.segment import fold

SLOT = re.compile(r"\{(\w+)\}")
MOST_VALUES = 3
"""Values of a list that a sentence goes through."""
LONGEST: Mapping[Lang, int] = {"zh": 24, "en": 60}
"""Characters of a value that can be said in passing."""
BEGINNING: Mapping[Lang, int] = {"zh": 2, "en": 5}
"""Characters by which two sentences begin alike."""

TOLD = "{told}"
"""Sentences that begin with what the description tells are not alike, whatever follows."""


def item_sentence(request: ItemLine) -> str:
    """One true sentence on an item; the same request gives the same one."""
    return next(_sentences(request))[1]


def item_sentences(requests: Sequence[ItemLine]) -> Mapping[str, str]:
    """A sentence for each item of a slate, by part: no pattern twice and no two beginnings alike, if it can be."""
    patterns: set[str] = set()
    beginnings: set[str] = set()
    chosen: dict[str, str] = {}
    for request in requests:
        n = BEGINNING[request.lang]
        options = list(_sentences(request))
        fresh = [option for option in options if option[0] not in patterns or option[0].startswith(TOLD)]
        unlike = [option for option in fresh if option[1][:n] not in beginnings]
        pattern, sentence = (unlike or fresh or options)[0]
        patterns.add(pattern)
        beginnings.add(sentence[:n])
        chosen[request.part] = sentence
    return chosen


def patterns(lang: Lang) -> Mapping[str, Sequence[str]]:
    """What is known of the item (told_reason, told_fits, told, both, reason, fits, bare, few) → the patterns for it."""
    known: Mapping[str, Sequence[str]] = _data()["patterns"][lang]
    return known


def filled(request: ItemLine, pattern: str) -> str:
    """The sentence that a pattern makes for a request; empty where the item lacks what the pattern needs."""
    slots = _slots(request)
    if not {name for name in SLOT.findall(pattern) if not slots.get(name)}:
        sentence = pattern.format(**slots)
        return sentence[:1].upper() + sentence[1:]
    return ""


def _sentences(request: ItemLine) -> Iterator[tuple[str, str]]:
    """(pattern, sentence) of all that can be said, the fullest kind of pattern first, its order by the request.

    What the description tells goes before bare facts.
    """
    slots = _slots(request)
    first = ("both" if slots["fits"] else "reason") if slots["reason"] else "fits" if slots["fits"] else "bare"
    known = patterns(request.lang)
    told = known["told_reason"] if slots["reason"] else (*(known["told_fits"] if slots["fits"] else ()), *known["told"])
    for options in (told, *(known[kind] for kind in dict.fromkeys((first, "reason", "fits", "bare")))):
        start = crc32((request.item.id + request.wish).encode()) % len(options)
        for pattern in (*options[start:], *options[:start]):
            if sentence := filled(request, pattern):
                yield pattern, sentence
    for pattern in known["few"]:
        if sentence := filled(request, pattern):
            yield pattern, sentence


def _slots(request: ItemLine) -> Mapping[str, str]:
    item, lang = request.item, request.lang
    reason = _reason(request.reasons[0], lang) if request.reasons else ""
    words = [word for word in map(_clean, request.fits) if f"“{fold(word)}”" not in fold(reason)]
    fits = _joined([f"“{word}”" for word in words], lang)
    kind = "" if any(_overlap(word, item.category) for word in words) else _clean(item.category)
    said = fold(" ".join((*request.fits, *request.reasons[:1], item.category)))
    facts = list(_telling(item, lang, said))
    return {
        "it": _it(item) if lang == "zh" else "it",
        "kind": kind,
        "told": telling(item, lang),
        "title": _clean(item.title).replace("“", "‘").replace("”", "’"),
        "fits": fits,
        "reason": reason,
        "Reason": reason[:1].upper() + reason[1:],
        "a": facts[0] if facts else "",
        "b": facts[1] if len(facts) > 1 else "",
    }


def _telling(item: Item, lang: Lang, said: str) -> Iterator[str]:
    """Facts as phrases, the telling ones first, without what is said anyway."""
    values: dict[str, AttributeValue | None] = {**item.attributes, "brand": item.brand, "year": item.year}
    spoken: set[str] = set()
    for name, words in _data()["facts"].items():
        value = price(item, lang) if name == "price" else values.get(name)
        text = _text(value, lang)
        if text is None or fold(text) in spoken or (text and fold(text) in said):
            continue
        if phrase := _phrase(words, item.domain, value, lang).format(text):
            spoken.add(fold(text))
            yield phrase


def _text(value: AttributeValue | None, lang: Lang) -> str | None:
    """The value as it is said in passing; None where it cannot be."""
    if value is None:
        return None
    if isinstance(value, bool):
        return ""
    if isinstance(value, tuple):
        text = _joined([_clean(part) for part in value[:MOST_VALUES]], lang)
    else:
        text = _clean(value_text(value, lang))
    text = _data()["said_as"].get(text, text)
    return None if text in _data()["not_said"] or len(text) > LONGEST[lang] else text


def _phrase(words: Mapping[str, str], domain: str, value: AttributeValue | None, lang: Lang) -> str:
    """How a fact is said of a thing of a domain; a yes or no otherwise than a text."""
    if isinstance(value, bool):
        return words.get(lang, "") if value else words.get(f"{lang}_no", "")
    own = f"{lang}_text" if isinstance(value, str) and f"{lang}_text" in words else f"{lang}_{domain}"
    return words.get(own, words.get(lang, ""))


def _reason(reason: str, lang: Lang) -> str:
    """A reason as a clause."""
    text = _clean(reason)
    forms: Sequence[tuple[str, str]] = _data()["reasons"].get(lang, ())
    return next((form.format(text) for begins, form in forms if re.match(begins, text)), text)


def _it(item: Item) -> str:
    """The item by its measure word."""
    data = _data()
    by_kind = (word for mark, word in data["it_by_kind"].items() if mark in item.category)
    return str(next(by_kind, data["it"].get(item.domain, "它")))


def _overlap(word: str, category: str) -> bool:
    """Whether a word says the category, or the other way round; to name both would be to say it twice."""
    return bool(category) and (fold(word) in fold(category) or fold(category) in fold(word))


def _joined(texts: Sequence[str], lang: Lang) -> str:
    if lang == "zh" or len(texts) < 2:
        return listed(texts, lang)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _clean(text: str) -> str:
    """The text in one line, without a full stop of its own."""
    return " ".join(text.split()).strip("。.，,；; ")


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_json("bot.phrasing", "item_sentences.json")
    return data
