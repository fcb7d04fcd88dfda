"""What is said of items on request: answers and comparisons, from their facts alone and in plain sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeGuard, TypeVar

from bot.explain import quoted
from bot.measures import UNITS, amount
from bot.phrasing.facts import label, price, value_text
from bot.phrasing.plain import item_sentence
from bot.phrasing.requests import ItemLine
from bot.reply import Card
from errors import Lang
from retrieval.items import AttributeValue, Item
from retrieval.segment import HAN, fold

T = TypeVar("T")

MOST_SHARED = 3
"""Attributes that a comparison goes through, where none was asked for."""
MOST_ALONE = 3
"""Tags that a comparison tells of one side alone."""
DESCRIPTION_LIMIT: Mapping[Lang, int] = {"zh": 160, "en": 400}
"""A description up to this many characters is told whole, of a longer one the first sentence."""


def answer(items: Sequence[Item], asked: Sequence[str], lang: Lang) -> str:
    """What the data says of the asked fields (price, attributes.material …) of each item, or in general for none."""
    said = [s for item in items for s in ([_fact(item, f, lang) for f in asked] if asked else [_general(item, lang)])]
    return _joined(said, lang)


def comparison(one: Card, two: Card, asked: Sequence[str], lang: Lang) -> str:
    """Two items point by point, then which of them the data favours, if it does.

    `asked`: the points to go through; all that tell them apart for none.
    """
    a, b = one.item, two.item
    points = [_point(a, b, field, lang) for field in asked] if asked else list(_points(a, b, lang))
    return _joined([_kinds(a, b, lang), *points, _conclusion(one, two, lang, all_points=not asked)], lang)


def _fact(item: Item, field: str, lang: Lang) -> str:
    title, name = quoted(item.title, item.domain, lang), field.removeprefix("attributes.")
    if name == "available":
        return _say("available" if item.available else "unavailable", lang, title=title)
    value = _value(item, field)
    if value is None:
        return _say("missing", lang, title=title, label=_name(name, lang))
    if name == "description":
        return _described(item, lang)
    text = _text(item, field, value, lang)
    if name == "price" and item.price == 0:
        return _say("free", lang, title=title)
    kind = name if name in _texts()["said"] else "several" if isinstance(value, tuple) or lang == "en" else "one"
    if kind == "several" and lang == "en" and not isinstance(value, tuple) and not _name(name, lang).endswith("s"):
        kind = "one"
    return _say(kind, lang, title=title, label=_name(name, lang), value=text)


def _general(item: Item, lang: Lang) -> str:
    """What it is, by whom and from when, what its description tells, what it costs."""
    title, kind = quoted(item.title, item.domain, lang), item.category or item.domain
    if lang == "zh":
        year = f"{item.year}年的" if item.year is not None else ""
        by = f"{item.brand}{'' if year else '的'}" if item.brand else ""
        head = f"{title}是{by}{year}{kind}。"
    else:
        by = f" by {item.brand}" if item.brand else ""
        head = f"{title}: {kind}{by}{f', {item.year}' if item.year is not None else ''}."
    return _joined([head, _described(item, lang), _fact(item, "price", lang) if item.price is not None else ""], lang)


def _described(item: Item, lang: Lang) -> str:
    """The description, whole where it is short."""
    flat = " ".join(item.description.split())
    if flat and len(flat) <= DESCRIPTION_LIMIT[lang]:
        return flat if flat[-1] in "。！？.!?…" else flat + ("。" if lang == "zh" else ".")
    return item_sentence(ItemLine(lang, "", (), item)) if flat else ""


def _kinds(a: Item, b: Item, lang: Lang) -> str:
    kinds = [item.category or item.domain for item in (a, b)]
    titles = {"first": quoted(a.title, a.domain, lang), "second": quoted(b.title, b.domain, lang)}
    if fold(kinds[0]) == fold(kinds[1]):
        return _compare("same_kind", lang, kind=kinds[0], **titles)
    return _compare("kinds", lang, one=kinds[0], two=kinds[1], **titles)


def _points(a: Item, b: Item, lang: Lang) -> Iterator[str]:
    """Price, year, maker, the attributes that both have, then what each has alone."""
    for field in ("price", "year", "brand"):
        if _value(a, field) is not None or _value(b, field) is not None:
            yield _point(a, b, field, lang)
    names = [name for name in dict.fromkeys((*a.attributes, *b.attributes)) if _has_name(name, lang)]
    shared = [name for name in names if name in a.attributes and name in b.attributes][:MOST_SHARED]
    alone = [next((n for n in names if n in x and n not in y), "") for x, y in _both_ways(a.attributes, b.attributes)]
    for name in (*shared, *filter(None, alone)):
        yield _point(a, b, f"attributes.{name}", lang)
    for which, mine, other in (("first", a, b), ("second", b, a)):
        known = {fold(tag) for tag in (*other.tags, mine.category, other.category)}
        if own := [tag for tag in mine.tags if fold(tag) not in known][:MOST_ALONE]:
            value = ("、" if lang == "zh" else ", ").join(own)
            yield _capital(_compare("alone", lang, which=_compare(which, lang), value=value))


def _point(a: Item, b: Item, field: str, lang: Lang) -> str:
    """One field of both: the same, each its own, or known of one only; numbers with the difference."""
    values = _value(a, field), _value(b, field)
    name = _name(field.removeprefix("attributes."), lang)
    if values == (None, None):
        return _compare("neither", lang, label=name)
    one, two = (
        _compare("unknown", lang) if value is None else _text(item, field, value, lang)
        for item, value in zip((a, b), values, strict=True)
    )
    if fold(one) == fold(two):
        return _compare("both", lang, label=name, value=one)
    each = _capital(_compare("each", lang, label=name, one=one, two=two))
    return each + (_difference(a, b, field, lang) or ("。" if lang == "zh" else "."))


def _difference(a: Item, b: Item, field: str, lang: Lang) -> str:
    """By how much the smaller number is smaller, where the two can be set against one another."""
    x, y = _value(a, field), _value(b, field)
    if not _is_number(x) or not _is_number(y):
        return ""
    which = _compare("first" if x < y else "second", lang)
    if field == "price":
        if (a.currency or "CNY") != (b.currency or "CNY"):
            return ""
        by = price(Item("", "", "", price=abs(x - y), currency=a.currency), lang)
        return _compare("less", lang, which=which, less=_compare("cheaper", lang), by=by)
    if field == "year":
        newer = _compare("second" if x < y else "first", lang)
        return _compare("less", lang, which=newer, less=_compare("newer", lang), by=_amount("years", abs(x - y), lang))
    less = _texts()["less"].get(field.rpartition("_")[2].removeprefix("attributes."))
    if less is None:
        return ""
    return _compare("less", lang, which=which, less=less[lang], by=_amount(field, abs(x - y), lang))


def _conclusion(one: Card, two: Card, lang: Lang, *, all_points: bool) -> str:
    """Which fits what was said; else, where all was compared, which is cheaper; else neither."""
    first, second = (quoted(card.item.title, card.item.domain, lang) for card in (one, two))
    names = fold(f"{one.item.title} {two.item.title}")  # that a thing has its own name is no merit
    only = [[w for w in x.fits if w not in y.fits and fold(w) not in names] for x, y in ((one, two), (two, one))]
    mine, theirs = (_listed(words, lang) for words in only)
    if mine and theirs:
        return _compare("fit_each", lang, one=mine, two=theirs, first=first, second=second)
    if mine or theirs:
        return _compare("fits", lang, value=mine or theirs, title=first if mine else second)
    if not all_points:
        return ""
    prices = one.item.price, two.item.price
    same_money = (one.item.currency or "CNY") == (two.item.currency or "CNY")
    if prices[0] is not None and prices[1] is not None and prices[0] != prices[1] and same_money:
        return _compare("save", lang, title=first if prices[0] < prices[1] else second)
    return _compare("open", lang)


def _value(item: Item, field: str) -> AttributeValue | None:
    """The field's value; None where the data has none."""
    if field.startswith("attributes."):
        value: AttributeValue | None = item.attributes.get(field.removeprefix("attributes."))
    else:
        value = getattr(item, field, None) if field in _FIELDS else item.attributes.get(field)
    return None if value in ("", ()) else value


_FIELDS = frozenset({"title", "domain", "category", "brand", "price", "year", "tags", "description", "url"})


def _text(item: Item, field: str, value: AttributeValue, lang: Lang) -> str:
    if field == "price":
        return price(item, lang)
    if field == "year":
        return str(item.year)
    return (_amount(field, value, lang) if _is_number(value) else "") or value_text(value, lang)


def _name(name: str, lang: Lang) -> str:
    """The field as a sentence calls it, without its unit."""
    known = _texts()["names"].get(name)
    if known:
        return str(known[lang])
    stem, _, unit = name.rpartition("_")
    bare = stem if stem and unit in UNITS else name
    said = label(name, lang)
    return said.partition("（")[0] if lang == "zh" and said != name.replace("_", " ") else label(bare, lang)


def _has_name(name: str, lang: Lang) -> bool:
    """Whether an attribute has a name that a reader of the language can read."""
    return lang == "en" or bool(HAN.search(_name(name, lang)))


def _both_ways(a: T, b: T) -> tuple[tuple[T, T], tuple[T, T]]:
    return (a, b), (b, a)


def _amount(field: str, value: float, lang: Lang) -> str:
    said = amount(field, value, lang)
    return said.replace(" ", "") if lang == "zh" else said


def _is_number(value: AttributeValue | None) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(words: Sequence[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(f"“{word}”" for word in words)


def _joined(sentences: Sequence[str], lang: Lang) -> str:
    return ("" if lang == "zh" else " ").join(sentence for sentence in sentences if sentence)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say(kind: str, lang: Lang, /, **values: str) -> str:
    return _capital(_texts()["said"][kind][lang].format(**values))


def _compare(kind: str, lang: Lang, /, **values: str) -> str:
    said: str = _texts()["compared"][kind][lang]
    return said.format(**values)


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, Any]:
    texts: Mapping[str, Any] = json.loads(files("bot").joinpath("data/facts.json").read_text(encoding="utf-8"))
    return texts
