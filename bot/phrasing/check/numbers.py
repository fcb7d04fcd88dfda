"""Numbers of a line against those of its source: the value, what it counts, and which money it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.phrasing.check.source import Told
from bot.understanding.numbers import parse_number

SMALL = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
WORDS = {"one": 1, "two": 2, **SMALL, **TENS}
COUNTED = r"(?=个?(?:小时|分钟|天|周|月|年|岁|集|季|页|章|节|课|人|升|克|斤|公里|米))"
NUMBER = re.compile(
    r"\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九][十百千万][零一二两三四五六七八九十百千万]*|十[一二三四五六七八九]"
    rf"|(?<!周)[三四五六七八九十]{COUNTED}"
    rf"|\b(?:(?:{'|'.join(TENS)})(?:-(?:one|two|{'|'.join(SMALL)}))?|{'|'.join(SMALL)})\b",
    re.IGNORECASE,
)
"""A number. A single Chinese digit is one only before what is counted; one and two are too common to be checked."""

UNITS: Mapping[str, tuple[str, ...]] = {
    "minute": ("分钟", "minutes", "minute", "mins", "min"),
    "hour": ("小时", "个小时", "钟头", "个钟头", "hours", "hour", "hrs", "hr", "h"),
    "day": ("天", "days", "day"),
    "week": ("周", "个星期", "星期", "weeks", "week"),
    "month": ("个月", "月", "months", "month"),
    "year": ("年", "years", "year"),
    "age": ("岁", "周岁"),
    "page": ("页", "pages", "page"),
    "episode": ("集", "episodes", "episode"),
    "season": ("季", "seasons", "season"),
    "chapter": ("章", "chapters", "chapter"),
    "lesson": ("节", "节课", "课时", "堂课", "讲", "lessons", "lesson", "sessions", "session"),
    "track": ("首", "tracks", "track", "songs", "song"),
    "person": (
        "人",
        "个人",
        "位",
        "名",
        "人份",
        "people",
        "members",
        "member",
        "guests",
        "players",
        "servings",
        "serving",
    ),
    "piece": ("块", "片", "pieces", "piece"),
    "litre": ("升", "litres", "litre", "liters", "liter", "l"),
    "millilitre": ("毫升", "ml"),
    "gram": ("克", "grams", "gram", "g"),
    "kilo": ("公斤", "千克", "kg", "kilos", "kilo"),
    "jin": ("斤",),
    "kilometre": ("公里", "千米", "km", "kilometres", "kilometers"),
    "metre": ("米", "metres", "meters", "metre", "m"),
    "centimetre": ("厘米", "公分", "cm"),
    "millimetre": ("毫米", "mm"),
    "energy": ("千卡", "大卡", "卡路里", "kcal", "calories"),
    "watt": ("瓦", "watts", "watt", "w"),
    "volt": ("伏", "volts", "volt", "v"),
    "percent": ("%", "％", "percent"),
    "CNY": ("元", "块", "yuan", "rmb", "¥", "￥"),
    "USD": ("美元", "美金", "dollars", "dollar", "$"),
    "EUR": ("欧元", "euros", "euro", "€"),
    "GBP": ("英镑", "pounds", "£"),
    "JPY": ("日元", "yen", "¥", "￥"),
    "HKD": ("港元", "港币", "hk$"),
}
"""What numbers count or measure, and how it is said beside them; money by its code."""
MONEY = frozenset({"CNY", "USD", "EUR", "GBP", "JPY", "HKD"})
_SPELT = {word: name for name, words in reversed(tuple(UNITS.items())) for word in words}
_AFTER = sorted((word for word in _SPELT if word not in "¥￥$€£hk$"), key=len, reverse=True)
UNIT_AFTER = re.compile(
    rf"(?:\s?-?\s?)({'|'.join(map(re.escape, _AFTER))})(?![a-z])|\s?(?:到|至|[-–~～]|\bto\b)\s?[\d.]+\s?-?"
    rf"({'|'.join(map(re.escape, _AFTER))})(?![a-z])",
    re.IGNORECASE,
)
SIGN_BEFORE = re.compile(r"(HK\$|[¥￥$€£])\s?$", re.IGNORECASE)
PARTS = {"minute": ("hour", 60), "gram": ("kilo", 1000), "jin": ("kilo", 2), "millilitre": ("litre", 1000)}
"""A measure → the larger one that says the same, and how many make one of it."""


@dataclass(frozen=True)
class Amount:
    """A number of a text and its place. `units`: what it may count (¥ is two moneys); empty if that is not said."""

    value: float
    units: frozenset[str]
    text: str
    start: int

    @property
    def is_money(self) -> bool:
        """Whether it stands beside a currency; 块 may also count pieces."""
        return bool(self.units & MONEY)


def amounts(text: str) -> Iterator[Amount]:
    """The numbers of a text with what they count."""
    for match in NUMBER.finditer(text):
        value = _value(match.group())
        if value is not None:
            yield Amount(value, _units(text, match), match.group(), match.start())


OF_PEOPLE = frozenset({"seats", "capacity", "group", "people", "players", "party"})
"""Words of a field's name whose number counts people."""
YEARS = range(1800, 2101)
NOTHING = "nothing"
"""What a bare number of an attribute counts whose name tells no unit (a rating of 4.5): it takes none."""
OF_WORDS = frozenset({"", "title", "category", "brand", "tags", "description", "year", "price"})
"""Fields that are texts, in which a number may count anything, and those that are read apart."""


def known_amounts(told: Iterable[Told]) -> Mapping[float, frozenset[str]]:
    """The source's numbers → what they count there; "" among it where that is open.

    The name of a field says what its bare number counts (duration_minutes, pages).
    """
    known: dict[float, set[str]] = {}
    for field, text in told:
        named = _counted(field, text)
        for found in amounts(text):
            units = found.units or {named, *(("year",) if found.value in YEARS else ())}
            known.setdefault(found.value, set()).update(units)
            for unit in units & PARTS.keys():
                larger, share = PARTS[unit]
                known.setdefault(found.value / share, set()).add(larger)
    return {value: frozenset(units) for value, units in known.items()}


def _counted(field: str, text: str) -> str:
    """What a number without a unit counts in a field; empty where that is open."""
    words = field.split("_per_")[0].split("_")
    if spelt := _SPELT.get(words[-1]) if field else None:
        return spelt
    if field in OF_WORDS or not _is_bare(text):
        return ""
    return "person" if OF_PEOPLE & {*words} else NOTHING


def _is_bare(text: str) -> bool:
    """Whether a text is a number and nothing else."""
    return parse_number(text) is not None


def _value(text: str) -> float | None:
    """The value of what `NUMBER` found."""
    words = text.lower().split("-")
    if words[0] in WORDS:
        return float(sum(WORDS[word] for word in words))
    return parse_number(text.rstrip(","))


def _units(text: str, match: re.Match[str]) -> frozenset[str]:
    if sign := SIGN_BEFORE.search(text[: match.start()]):
        return _called(sign[1])
    after = UNIT_AFTER.match(text, match.end())
    return _called(after[1] or after[2]) if after else frozenset()


def _called(word: str) -> frozenset[str]:
    return frozenset(name for name, words in UNITS.items() if word.lower() in words)
