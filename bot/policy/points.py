"""Which point of a comparison is asked for: 哪个便宜, which is lighter. Words are data; fields are the items' own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from bot.shipped import read_json
from bot.understanding.turn import Turn
from retrieval.items import Item
from retrieval.segment import fold


class Point(NamedTuple):
    """Words that ask for a field by its name, or for a number by its unit."""

    fields: tuple[str, ...]
    units: tuple[str, ...]
    words: re.Pattern[str]


CHOOSING = re.compile(
    r"选哪|买哪|挑哪|哪.{0,2}(?:更好|好|值得|推荐)|推荐哪|怎么选"
    r"|\bshould i\b|\bwhich .{0,20}(?:better|recommend|buy|choose|pick)\b"
)
"""Asks for advice, not for one point alone."""


def chooses(turn: Turn) -> bool:
    """Whether a comparison is to help with a choice, so that everything counts."""
    return bool(CHOOSING.search(fold(turn.text)))


def compared(turn: Turn, items: Sequence[Item]) -> tuple[str, ...]:
    """The fields that a comparison asks for, of those that one of the items has; none: in general.

    Titles in the message are passed over, since they may hold such words themselves.
    """
    said = fold(turn.text)
    if len(said) == len(turn.text):
        for reference in turn.references:
            said = said[: reference.start] + " " * (reference.end - reference.start) + said[reference.end :]
    names = dict.fromkeys(name for item in items for name in item.attributes)
    found: dict[str, None] = {}
    for point in _points():
        if point.words.search(said):
            found |= dict.fromkeys(f for f in point.fields if not f.startswith("attributes.") or f[11:] in names)
            found |= dict.fromkeys(f"attributes.{name}" for name in names if name.rpartition("_")[2] in point.units)
    return tuple(found)


@lru_cache(maxsize=1)
def _points() -> tuple[Point, ...]:
    raw = read_json("bot.policy", "points.json")
    return tuple(Point(tuple(p["fields"]), tuple(p["units"]), _pattern(p["zh"], p["en"])) for p in raw)


def _pattern(chinese: list[str], english: list[str]) -> re.Pattern[str]:
    """A Chinese word counts where it compares (哪本便宜, 更轻, 长一点), an English one as a whole word."""
    zh, en = "|".join(chinese), "|".join(english)
    return re.compile(rf"(?:[哪谁更最]|比较|多少).{{0,4}}?(?:{zh})|(?:{zh})(?:一?[点些]|得多|多少|吗|不)|\b(?:{en})\b")
