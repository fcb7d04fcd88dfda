"""Years said in words: 2010年以后, the 90s, 上世纪八十年代, 近五年, before 2000, 二十一世纪."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from bot.understanding.numbers import DIGITS, NUMBER, parse_number
from bot.understanding.turn import Op

Bounds = Sequence[tuple[Op, float]]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], int], Bounds]]


class YearLimit(NamedTuple):
    """What was said of years from `start` to `end`: all of the bounds hold."""

    bounds: Bounds
    start: int
    end: int


def this_year() -> int:
    """The year by the clock: the one place where understanding asks what day it is."""
    return date.today().year


def _year(text: str) -> int:
    """A year as written: 1998, 98, 一九九八, 零零."""
    digits = "".join(str(DIGITS.get(char, char)) for char in text)
    value = int(digits)
    return value if value > 99 else value + (2000 if value < 30 else 1900)


def _one(op: Op, shift: int = 0) -> Callable[[re.Match[str], int], Bounds]:
    return lambda match, today: ((op, _year(match[1]) + shift),)


def _span(match: re.Match[str], today: int) -> Bounds:
    first, last = sorted((_year(match[1]), _year(match[2])))
    return (">=", first), ("<=", last)


TENS = {"二": 1920, "三": 1930, "四": 1940, "五": 1950, "六": 1960, "七": 1970, "八": 1980, "九": 1990, "零零": 2000}
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties", "noughties")
SPOKEN = dict(zip(_DECADES, range(1920, 2010, 10), strict=True))


def _decade_start(said: str, last_century: bool) -> int:
    if said in SPOKEN:
        return SPOKEN[said]
    if not said[0].isdigit():
        return TENS[said.removesuffix("十")]
    year = _year(said.rstrip("'s"))
    return year - 100 if last_century and len(said) == 2 and year >= 2000 else year


def _decade(match: re.Match[str], today: int) -> Bounds:
    """A decade, a part of it (初, late), before or after it."""
    said = match.groupdict()
    century = bool(said.get("century"))
    start = _decade_start(match["decade"], century)
    end = _decade_start(said["until"], century) + 9 if said.get("until") else start + 9
    start, end = min(start, end - 9), max(start + 9, end)
    side = said.get("side") or said.get("part") or ""
    if side in ("before", "pre", "以前", "之前", "前"):
        return (("<=", start - 1),)
    if side in ("since", "以后", "之后", "以来", "后"):
        return ((">=", start),)
    if side in ("after", "post"):
        return ((">=", end + 1),)
    if side in ("early", "初", "初期", "早期"):
        return (">=", start), ("<=", start + 3)
    if side in ("late", "末", "末期", "后期"):
        return (">=", start + 6), ("<=", end)
    return (">=", start), ("<=", end)


def _century(match: re.Match[str], today: int) -> Bounds:
    now = today // 100 + 1
    number = {"上": now - 1, "本": now}.get(match[1][0]) or parse_number(match[1])
    if not number or not 5 < number <= now:
        return ()
    first = int(number - 1) * 100
    return ((">=", first),) if number == now else ((">=", first), ("<=", first + 99))


def _last_years(match: re.Match[str], today: int) -> Bounds:
    said = match["n"].strip()
    many = {"几": 5.0, "few": 5.0, "couple of": 2.0, "": 1.0}.get(said)
    many = parse_number(said) if many is None else many
    if many is None:
        return ()
    if match.groupdict().get("decade"):
        many *= 10
    return ((">=", today - int(many)),) if 0 < many <= 100 else ()


def _ago(match: re.Match[str], today: int) -> Bounds:
    many = parse_number(match["n"])
    return (("<=", today - int(many)),) if many and many <= 500 else ()


def _this(shift: int) -> Callable[[re.Match[str], int], Bounds]:
    return lambda match, today: (("==", today - shift),)


def _rule(pattern: str, make: Callable[[re.Match[str], int], Bounds]) -> Rule:
    return re.compile(pattern), make


Y = r"(?<!\d)((?:1[5-9]|20)\d\d|[一二][一五六七八九零〇][零〇一二三四五六七八九]{2})(?![\d.])"
LATE = r"(?<!\d)((?:19|20)\d\d)(?![\d.])"
SHORT = r"(?<!\d)([5-9]\d)年"
D = r"(?:(?<!\d)(?:1[89]|20)?\d0|[二三四五六七八九]十|零零)"
S = rf"(?:(?:(?:1[89]|20)\d0|[5-9]0)'?s|{'|'.join(SPOKEN)})"
CENTURY = r"(?P<century>上个?世纪|20世纪|二十世纪)?"
SIDE = r"(?P<side>初期?|早期|末期?|后期|以前|之前|以后|之后|以来)?"
_MONEY_OR_UNIT = (
    r"元|块|[¥$€£]|rmb|yuan|dollars?|usd|bucks|euros?|pounds?|多|页|字|人|克|米|公里|pages|words|people|k\b|g\b|m\b"
)
NOT_MONEY = rf"(?!\s?(?:{_MONEY_OR_UNIT}))"
DECADES: tuple[Rule, ...] = (
    _rule(rf"{CENTURY}(?P<decade>{D})年?(?:代)?(?:、|和|到|至|-|或)(?P<until>{D})年代", _decade),
    _rule(rf"{CENTURY}(?P<decade>[二三四五六七八])(?P<until>[三四五六七八九]十)年代", _decade),
    _rule(rf"{CENTURY}(?P<decade>{D})年代{SIDE}", _decade),
    _rule(rf"(?:the\s)?\b(?P<decade>{S})\s(?:and|to|or|through)\s(?:the\s)?(?P<until>{S})\b", _decade),
    _rule(
        rf"(?<!my\s)(?<!her\s)(?<!his\s)(?:\b(?P<side>before|after|since|pre|post|early|late)[\s-])?"
        rf"(?:\bthe\s)?(?:\b(?P<part>early|mid|late)[\s-])?\b(?P<decade>{S})\b",
        _decade,
    ),
    _rule(r"\b(?:(?P<side>before|after|since)\s)?the\s(?P<decade>[0-4]0)'?s\b", _decade),
    _rule(r"(上个?|本|二十一|二十|十九|十八|十七|十六|2[01]|1\d)世纪(?:以来)?", _century),
    _rule(r"\b(?:the\s)?(2[01]|1[5-9])(?:st|th)[\s-]century\b", _century),
)
CALENDAR: tuple[Rule, ...] = (
    _rule(rf"{Y}\s?年\s?(?:到|至|-|–|~|—)\s?{Y}\s?年?(?:之间)?", _span),
    _rule(rf"{LATE}\s?(?:到|至|-|–|~|—)\s?{LATE}\s?年?(?:之间)?{NOT_MONEY}", _span),
    _rule(rf"\b(?:between|from)\s{LATE}\s(?:and|to|until|till)\s{LATE}{NOT_MONEY}", _span),
    _rule(rf"{Y}\s?年?\s?(?:到|至)(?:现在|今|如今|目前)", _one(">=")),
    _rule(rf"{Y}\s(?:to|until|till|through)\s(?:now|today|the present|date)\b", _one(">=")),
    _rule(rf"{Y}\s?年\s?(?:以后|之后|后|以来|起|开始|往后)(?![面人勤来])", _one(">=")),
    _rule(rf"{Y}\s?(?:以后|之后|以来)(?!的几)", _one(">=")),
    _rule(rf"{Y}\s?年\s?(?:以前|之前|前)(?![面往])", _one("<=", -1)),
    _rule(rf"{Y}\s?(?:以前|之前)", _one("<=", -1)),
    _rule(rf"(?:晚于|新于)\s?{Y}\s?年?", _one(">=", 1)),
    _rule(rf"(?:早于|老于)\s?{Y}\s?年?", _one("<=", -1)),
    _rule(rf"比\s?{Y}\s?年?\s?(?:更|还)?(?:新|晚)", _one(">=", 1)),
    _rule(rf"比\s?{Y}\s?年?\s?(?:更|还)?(?:老|早|旧)", _one("<=", -1)),
    _rule(rf"\b(?:after|newer than|later than|more recent than)\s{Y}{NOT_MONEY}", _one(">=", 1)),
    _rule(rf"\bpost[\s-]{Y}", _one(">=", 1)),
    _rule(rf"\bsince\s{Y}", _one(">=")),
    _rule(rf"\bfrom\s{Y}\s(?:on|onwards?|and later|and up|or later)\b", _one(">=")),
    _rule(rf"{Y}\s(?:or\s(?:later|newer|after)|and\s(?:later|newer|after)|onwards?)\b", _one(">=")),
    _rule(rf"{Y}\s(?:or|and)\s(?:earlier|older|before)\b", _one("<=")),
    _rule(rf"\b(?:before|older than|earlier than|prior to)\s{Y}{NOT_MONEY}", _one("<=", -1)),
    _rule(rf"\bpre[\s-]{Y}", _one("<=", -1)),
    _rule(rf"\b(?:until|till)\s{Y}{NOT_MONEY}", _one("<=")),
    _rule(rf"{Y}\s?年(?![代级])", _one("==")),
    _rule(r"(?<![\d一-鿿a-z])(20(?:0[2-9]|[12]\d))的", _one("==")),
    _rule(rf"\b(?:in|of|from|released in|made in|published in)\s(?:the\syear\s)?{LATE}(?!['s]){NOT_MONEY}", _one("==")),
    _rule(rf"\ba\s{LATE}\s(?=[a-z]){NOT_MONEY}", _one("==")),
)
RELATIVE: tuple[Rule, ...] = (
    _rule(r"(?<!\d)(?P<n>几|[\d一二两三四五六七八九十]{1,3})年(?:以内|之内|内)(?=的|出版|上映|出的)", _last_years),
    _rule(rf"{SHORT}(?:以后|之后|以来)", _one(">=")),
    _rule(rf"{SHORT}(?:以前|之前)", _one("<=", -1)),
    _rule(r"(?:最近|近|过去|这)(?P<n>几|[\d一二两三四五六七八九十]{1,3})年(?:来|内|以来|间)?", _last_years),
    _rule(
        rf"\b(?:in\s|from\s|of\s|over\s)?(?:the\s)?(?:last|past)\s(?P<n>few|couple of|{NUMBER}|)\s?"
        r"(?:years|(?P<decade>decades?))\b",
        _last_years,
    ),
    _rule(r"\b(?:in\s|from\s|of\s)?recent\syears\b", lambda match, today: ((">=", today - 5),)),
    _rule(r"(?<!\d)(?P<n>\d{1,3}|[一二两三四五六七八九十百]{1,3})年(?:以前|之前|前)", _ago),
    _rule(rf"\b(?:more\sthan\s|over\s|at\sleast\s)?(?P<n>{NUMBER})\syears\sago\b", _ago),
    _rule(
        r"今年(?=的|上映|出版|发行|新|出的)|\b(?:(?:from|released|published|made|out)\s)this year\b|\bthis year's\b",
        _this(0),
    ),
    _rule(
        r"去年(?=的|上映|出版|发行|新|出的)|\b(?:(?:from|released|published|made|out)\s)last year\b|\blast year's\b",
        _this(1),
    ),
    _rule(r"前年(?=的|上映|出版|发行|新|出的)", _this(2)),
    _rule(rf"{SHORT}的", _one("==")),
)
GROUPS: tuple[tuple[re.Pattern[str], tuple[Rule, ...]], ...] = (
    (re.compile(r"年代|\d0'?s\b|ties\b|世纪|century"), DECADES),
    (re.compile(r"(?:1[5-9]|20)\d\d|[一二][一五六七八九零〇][零〇一二三四五六七八九]{2}"), CALENDAR),
    (re.compile(r"年|\b(?:years?|decades?)\b"), RELATIVE),
)
"""What must stand in a text for any of the rules to hold, and the rules; each first for a place wins."""
REACH = 30
"""A rule's words lie within so many characters of what must stand there."""


def years(text: str, today: int) -> list[YearLimit]:
    """All that is said of years in a text (already `plain`), left to right; no character is read twice."""
    found: list[YearLimit] = []
    for hint, rules in GROUPS:
        for low, high in _windows(text, hint):
            for pattern, make in rules:
                for match in list(pattern.finditer(text, low, high)):
                    start, end = match.span()
                    if bounds := make(match, today):
                        found.append(YearLimit(bounds, start, end))
                        text = text[:start] + " " * (end - start) + text[end:]
    return sorted(found, key=lambda limit: limit.start)


def _windows(text: str, hint: re.Pattern[str]) -> list[tuple[int, int]]:
    """The stretches around the hints, joined where they meet."""
    windows: list[tuple[int, int]] = []
    for match in hint.finditer(text):
        low, high = max(0, match.start() - REACH), match.end() + REACH
        if windows and windows[-1][1] >= low:
            low = windows.pop()[0]
        windows.append((low, high))
    return windows
