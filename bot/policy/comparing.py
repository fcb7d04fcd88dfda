"""Items side by side, field by field, and which of them the data favours, in plain sentences from their facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from bot.phrasing.facts import listed, price
from bot.phrasing.plain import listed_words
from bot.policy.answers import VERBAL
from bot.policy.telling import (
    amount_of,
    capital,
    is_number,
    joined,
    name_of,
    said_of_two,
    text_of,
    texts,
    title_of,
    value_in,
)
from bot.reply import Card
from errors import Lang
from retrieval.items import AttributeValue, Item
from retrieval.segment import HAN, fold

T = TypeVar("T")

MOST_SHARED = 3
"""Attributes that a comparison goes through, where none was asked for."""
MOST_SIDES = 4
"""Points that a comparison in one line goes through."""
MOST_ALONE = 3
"""Tags that a comparison tells of one side alone."""


def comparison(one: Card, two: Card, asked: Sequence[str], lang: Lang, *, whole: bool = False) -> str:
    """Two items point by point, then which of them the data favours, if it does.

    `asked`: the points to go through, or to begin with (`whole`); all that tell them apart for none.
    """
    a, b, whole = one.item, two.item, whole or not asked
    points = [_point(a, b, field, lang) for field in asked]
    if whole:
        points += [point for point in _points(a, b, lang) if point not in points]
    return joined([_kinds(a, b, lang), *points, _conclusion(one, two, lang, all_points=whole)], lang)


def sides(a: Item, b: Item, asked: Sequence[str], lang: Lang) -> tuple[tuple[str, str, str, str], ...]:
    """(label, value of one, value of the other, difference or "") of the asked fields, or of what tells them apart."""
    fields = asked or [field for field in _fields(a, b, lang) if value_in(a, field) != value_in(b, field)]
    found = []
    for field in fields[:MOST_SIDES]:
        one, two = _each(a, b, field, lang)
        label = texts()["compared_names"].get(field, {}).get(lang) or name_of(field.removeprefix("attributes."), lang)
        found.append((label, one, two, _difference(a, b, field, lang).strip("，。；;. ")))
    return tuple(found)


def _fields(a: Item, b: Item, lang: Lang) -> Iterator[str]:
    """What both have: price, year, maker, then the attributes with a name that can be read."""
    for field in ("price", "year", "brand"):
        if value_in(a, field) is not None and value_in(b, field) is not None:
            yield field
    yield from (f"attributes.{name}" for name in a.attributes if name in b.attributes and _has_name(name, lang))


def _each(a: Item, b: Item, field: str, lang: Lang) -> tuple[str, str]:
    """The field's value of each as said."""
    values = ((item, value_in(item, field)) for item in (a, b))
    one, two = (
        said_of_two("unknown", lang) if value is None else text_of(item, field, value, lang) for item, value in values
    )
    return one, two


def among(items: Sequence[Item], asked: Sequence[str], lang: Lang) -> str:
    """Several items side by side in the asked fields (their prices for none), and which is at either end."""
    said = []
    for field in asked or ("price",):
        values = [value_in(item, field) for item in items]
        told = [
            said_of_two("of", lang, title=title_of(item, lang), value=said_of_two("unknown", lang))
            if value is None
            else said_of_two("of", lang, title=title_of(item, lang), value=text_of(item, field, value, lang))
            for item, value in zip(items, values, strict=True)
        ]
        listed = ("，" if lang == "zh" else ", ").join(told)
        label_ = name_of(field.removeprefix("attributes."), lang)
        said.append(capital(said_of_two("among", lang, label=label_, values=listed)) + _ends(items, field, lang))
    return joined(said, lang)


def _ends(items: Sequence[Item], field: str, lang: Lang) -> str:
    """Which has the least and which the most, where the numbers can be set against one another."""
    known = [(value, item) for item in items if is_number(value := value_in(item, field))]
    one_money = field != "price" or len({item.currency or "CNY" for _, item in known}) == 1
    values = sorted({value for value, _ in known})
    if len(values) < 2 or not one_money:
        return ""
    words = texts()["ends"]
    words = (words.get(field) or words.get(field.rpartition("_")[2]) or words["other"])[lang]
    ends = zip(words, (values[0], values[-1]), strict=True)
    titles = [[title_of(item, lang) for value, item in known if value == end] for _, end in ends]
    joined = [("、" if lang == "zh" else " and ").join(names) for names in titles]
    return said_of_two("ends", lang, low=words[0], lowest=joined[0], high=words[1], highest=joined[1])


def _kinds(a: Item, b: Item, lang: Lang) -> str:
    kinds = [item.category or item.domain for item in (a, b)]
    titles = {"first": title_of(a, lang), "second": title_of(b, lang)}
    if fold(kinds[0]) == fold(kinds[1]):
        return said_of_two("same_kind", lang, kind=kinds[0], **titles)
    return said_of_two("kinds", lang, one=kinds[0], two=kinds[1], **titles)


def _points(a: Item, b: Item, lang: Lang) -> Iterator[str]:
    """Price, year, maker, the attributes that both have, then what each has alone."""
    for field in ("price", "year", "brand"):
        if value_in(a, field) is not None or value_in(b, field) is not None:
            yield _point(a, b, field, lang)
    names = [name for name in dict.fromkeys((*a.attributes, *b.attributes)) if _has_name(name, lang)]
    shared = [name for name in names if name in a.attributes and name in b.attributes][:MOST_SHARED]
    alone = [next((n for n in names if n in x and n not in y), "") for x, y in _both_ways(a.attributes, b.attributes)]
    for name in (*shared, *filter(None, alone)):
        yield _point(a, b, f"attributes.{name}", lang)
    for which, mine, other in (("first", a, b), ("second", b, a)):
        known = {fold(tag) for tag in (*other.tags, mine.category, other.category)}
        if own := [tag for tag in mine.tags if fold(tag) not in known][:MOST_ALONE]:
            value = listed(own, lang)
            yield capital(said_of_two("alone", lang, which=said_of_two(which, lang), value=value))


def _point(a: Item, b: Item, field: str, lang: Lang) -> str:
    """One field of both: the same, each its own, or known of one only; numbers with the difference."""
    values = value_in(a, field), value_in(b, field)
    name = texts()["compared_names"].get(field, {}).get(lang) or name_of(field.removeprefix("attributes."), lang)
    if values == (None, None):
        return said_of_two("neither", lang, label=name)
    if isinstance(values[0], bool) and values[0] == values[1]:
        return _both_or_neither(name, values[0], lang)
    one, two = _each(a, b, field, lang)
    if fold(one) == fold(two) or (isinstance(values[0], tuple) and _same_texts(*values)):
        return said_of_two("both", lang, label=name, value=one)
    each = capital(said_of_two("each", lang, label=name, one=one, two=two))
    return each + (_difference(a, b, field, lang) or ("。" if lang == "zh" else "."))


def _both_or_neither(name: str, value: bool, lang: Lang) -> str:
    """What is so, or is not so, of both: 两样都可带宠物; of a Chinese name that begins with 有, 两样都没有…"""
    if lang == "zh" and name.startswith("有") and not value:
        return f"两样都没{name}。"
    if lang == "zh" and not VERBAL.match(name):
        return f"{name}：两样都{'是' if value else '不是'}。"
    return said_of_two("both_yes" if value else "both_no", lang, label=name)


def _same_texts(one: AttributeValue | None, two: AttributeValue | None) -> bool:
    """Whether two lists hold the same, in whatever order."""
    return isinstance(one, tuple) and isinstance(two, tuple) and set(map(fold, one)) == set(map(fold, two))


def _difference(a: Item, b: Item, field: str, lang: Lang) -> str:
    """By how much the smaller number is smaller, where the two can be set against one another."""
    x, y = value_in(a, field), value_in(b, field)
    if not is_number(x) or not is_number(y):
        return ""
    which = said_of_two("first" if x < y else "second", lang)
    if field == "price":
        if (a.currency or "CNY") != (b.currency or "CNY"):
            return ""
        by = price(Item("", "", "", price=abs(x - y), currency=a.currency), lang)
        return said_of_two("less", lang, which=which, less=said_of_two("cheaper", lang), by=by)
    if field == "year":
        newer = said_of_two("second" if x < y else "first", lang)
        return said_of_two(
            "less", lang, which=newer, less=said_of_two("newer", lang), by=amount_of("years", abs(x - y), lang)
        )
    less = texts()["less"].get(field.rpartition("_")[2].removeprefix("attributes."))
    if less is None:
        return ""
    return said_of_two("less", lang, which=which, less=less[lang], by=amount_of(field, abs(x - y), lang))


def _conclusion(one: Card, two: Card, lang: Lang, *, all_points: bool) -> str:
    """Which fits what was said; else, where all was compared, which is cheaper; else neither."""
    first, second = (title_of(card.item, lang) for card in (one, two))
    names = fold(f"{one.item.title} {two.item.title}")  # that a thing has its own name is no merit
    only = [[w for w in x.fits if w not in y.fits and fold(w) not in names] for x, y in ((one, two), (two, one))]
    mine, theirs = (listed_words(words, lang) for words in only)
    if mine and theirs:
        return said_of_two("fit_each", lang, one=mine, two=theirs, first=first, second=second)
    if mine or theirs:
        return said_of_two("fits", lang, value=mine or theirs, title=first if mine else second)
    if not all_points:
        return ""
    prices = one.item.price, two.item.price
    same_money = (one.item.currency or "CNY") == (two.item.currency or "CNY")
    if prices[0] is not None and prices[1] is not None and prices[0] != prices[1] and same_money:
        return said_of_two("save", lang, title=first if prices[0] < prices[1] else second)
    return said_of_two("open", lang)


def _has_name(name: str, lang: Lang) -> bool:
    """Whether an attribute has a name that a reader of the language can read."""
    return lang == "en" or bool(HAN.search(name_of(name, lang)))


def _both_ways(a: T, b: T) -> tuple[tuple[T, T], tuple[T, T]]:
    return (a, b), (b, a)
