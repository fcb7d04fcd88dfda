"""What is said of items on request, from their facts alone and in plain sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.phrasing.plain import first_sentence
from bot.policy.telling import joined, name_of, say, text_of, texts, title_of, value_in
from errors import Lang
from retrieval.items import Item
from retrieval.segment import fold

VERBAL = re.compile(r"[可能有含带支允提适需在]")
"""How a Chinese name begins that is said of a thing as it stands (可带宠物, 含早餐, 支持退款)."""
ADJECTIVAL = re.compile(r"(?:ed|able|ible|proof|free|friendly|welcome|ful|ive|ic|al|ous|less|only|door|open|organic)$")
"""How an English name ends that is said of a thing (pet friendly, breakfast included)."""
INCLUDED = re.compile(r"(.+) (?:included|provided|offered|available)")
DESCRIPTION_LIMIT: Mapping[Lang, int] = {"zh": 160, "en": 400}
"""A description up to this many characters is told whole, of a longer one the first sentence."""


def answer(items: Sequence[Item], asked: Sequence[str], lang: Lang) -> str:
    """What the data says of the asked fields (price, attributes.material …) of each item, or in general for none."""
    said = [s for item in items for s in ([_fact(item, f, lang) for f in asked] if asked else [_general(item, lang)])]
    return joined(said, lang)


def _fact(item: Item, field: str, lang: Lang) -> str:
    title, name = title_of(item, lang), field.removeprefix("attributes.")
    if name == "available":
        return say("available" if item.available else "unavailable", lang, title=title)
    value = value_in(item, field)
    if value is None:
        return say("missing", lang, title=title, label=name_of(name, lang))
    if name == "description":
        told = _described(item, lang)
        return told if item.title in told else say("about", lang, title=title, value=told)
    if isinstance(value, bool):
        return _yes_or_no(title, name, value, lang)
    text = text_of(item, field, value, lang)
    if name == "audience":
        text = texts()["anybody"].get(fold(text), {}).get(lang, text)
    if name == "price" and item.price == 0:
        return say("free", lang, title=title)
    kind = name if name in texts()["said"] else "several" if isinstance(value, tuple) or lang == "en" else "one"
    if kind == "several" and lang == "en" and not isinstance(value, tuple) and not name_of(name, lang).endswith("s"):
        kind = "one"
    return say(kind, lang, title=title, label=name_of(name, lang), value=text)


def _yes_or_no(title: str, name: str, value: bool, lang: Lang) -> str:
    """What is so or is not, as an answer: 是的，…可带宠物; Yes, … is listed as pet friendly."""
    said = name_of(name, lang)
    if lang == "zh":
        verb = VERBAL.match(said)
        if verb and verb[0] == "有":
            return say("has" if value else "has_not", lang, title=title, label=said[1:])
        kind = "does" if verb else "with"
    elif included := INCLUDED.fullmatch(said):
        kind, said = "includes", included[1]
    else:
        kind = "as" if ADJECTIVAL.search(said) else "with"
    return say(kind if value else f"{kind}_not", lang, title=title, label=said)


def _general(item: Item, lang: Lang) -> str:
    """What it is, by whom and from when, what its description tells, what it costs."""
    title, kind = title_of(item, lang), item.category or item.domain
    if lang == "zh":
        year = f"{item.year}年的" if item.year is not None else ""
        by = f"{item.brand}{'' if year else '的'}" if item.brand else ""
        head = f"{title}是{by}{year}{kind}。"
    else:
        by = f" by {item.brand}" if item.brand else ""
        head = f"{title}: {kind}{by}{f', {item.year}' if item.year is not None else ''}."
    return joined([head, _described(item, lang), _fact(item, "price", lang) if item.price is not None else ""], lang)


def _described(item: Item, lang: Lang) -> str:
    """The description, whole where it is short."""
    flat = " ".join(item.description.split())
    if flat and len(flat) <= DESCRIPTION_LIMIT[lang]:
        return flat if flat[-1] in "。！？.!?…" else flat + ("。" if lang == "zh" else ".")
    return first_sentence(item.description, lang)
