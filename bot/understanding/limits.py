"""Hard limits said in words: price and year, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.understanding.numbers import NUMBER, parse_number
from bot.understanding.turn import Constraint, Op

N = f"({NUMBER})"
MONEY = r"\s?(?:元钱?|块钱?|人民币|rmb|yuan|cny|dollars?|usd|euros?|pounds?)"
SIGN = r"[¥￥$€£]?\s?"
OTHER_UNIT = (
    r"(?!\s?(?:\d|分钟|小时|页|集|岁|年|月|天|周|人|克|公斤|斤|寸|米|章|首|本|部|件|条|个|款|%|°"
    r"|minutes?\b|mins?\b|hours?\b|hrs?\b|pages?\b|episodes?\b|years?\b|weeks?\b|days?\b|people\b|g\b|kg\b|cm\b|s\b))"
)
"""A number followed by one of these is no price."""

Found = Iterator[tuple[str, Op, float]]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Found]]


def _rule(pattern: str, make: Callable[[re.Match[str]], Found]) -> Rule:
    return re.compile(pattern, re.IGNORECASE), make


def _one(field: str, op: Op) -> Callable[[re.Match[str]], Found]:
    def make(match: re.Match[str]) -> Found:
        value = parse_number(match[1])
        if value is not None:
            yield field, op, value

    return make


def _between(field: str) -> Callable[[re.Match[str]], Found]:
    def make(match: re.Match[str]) -> Found:
        low, high = parse_number(match[1]), parse_number(match[2])
        if low is not None and high is not None:
            yield field, ">=", min(low, high)
            yield field, "<=", max(low, high)

    return make


def _loose_hundreds(match: re.Match[str]) -> Found:
    """两三百: from two hundred to three hundred."""
    unit = match[3]
    low, high = parse_number(match[1] + unit), parse_number(match[2] + unit)
    if low is not None and high is not None and low < high:
        yield "price", ">=", low
        yield "price", "<=", high


def _year(text: str) -> float:
    value = int(text)
    return float(value if value > 99 else value + (2000 if value < 30 else 1900))


def _year_one(op: Op, shift: int = 0) -> Callable[[re.Match[str]], Found]:
    def make(match: re.Match[str]) -> Found:
        yield "year", op, _year(match[1]) + shift

    return make


def _years(match: re.Match[str]) -> Found:
    first, last = sorted((_year(match[1]), _year(match[2])))
    yield "year", ">=", first
    yield "year", "<=", last


CHINESE_DECADES = {"五十": 1950, "六十": 1960, "七十": 1970, "八十": 1980, "九十": 1990, "零零": 2000}


def _decade(match: re.Match[str]) -> Found:
    said = match[1]
    start = CHINESE_DECADES.get(said) or int(_year(said))
    yield "year", ">=", float(start)
    yield "year", "<=", float(start + 9)


Y = r"((?:19|20)\d\d)"
RULES: tuple[Rule, ...] = (
    # years first: "2010年以后" must not be read as a price
    _rule(rf"{Y}\s?(?:年)?\s?(?:到|至|-|–|~|—)\s?{Y}\s?年?", _years),
    _rule(rf"(?:between|from)\s{Y}\s(?:and|to)\s{Y}\b", _years),
    _rule(r"((?:19|20)?\d0)\s?年代", _decade),
    _rule(r"([五六七八九]十|零零)年代", _decade),
    _rule(r"(?:the\s)?\b((?:19|20)?\d0)'?s\b", _decade),
    _rule(rf"{Y}\s?年\s?(?:以后|之后|后|以来|起)", _year_one(">=")),
    _rule(rf"{Y}\s?年\s?(?:以前|之前|前)", _year_one("<=", -1)),
    _rule(rf"\bafter\s{Y}\b", _year_one(">=", 1)),
    _rule(rf"\b(?:since|from)\s{Y}\b(?:\s(?:on|onwards?))?", _year_one(">=")),
    _rule(rf"\bbefore\s{Y}\b", _year_one("<=", -1)),
    _rule(rf"\b(?:until|up to)\s{Y}\b", _year_one("<=")),
    _rule(rf"{Y}\s?年", _year_one("==")),
    _rule(rf"\b(?:in|of)\s{Y}\b", _year_one("==")),
    # prices
    _rule(rf"{SIGN}{N}(?:{MONEY})?\s?(?:到|至|-|–|~|—)\s?{SIGN}{N}{MONEY}", _between("price")),
    _rule(rf"{N}\s?(?:到|至|-|~)\s?{N}\s?(?:之间|的价位|价位)", _between("price")),
    _rule(rf"between\s{SIGN}{N}(?:{MONEY})?\sand\s{SIGN}{N}{OTHER_UNIT}(?:{MONEY})?", _between("price")),
    _rule(r"([一二两三四五六七八])([二三四五六七八九])([百千])(?:块钱?|元)?(?:左右|上下)?", _loose_hundreds),
    _rule(
        rf"(?:价格|价钱|预算)?(?:不超过|不高于|不要超过|别超过|低于|少于|最多|最高|不到|控制在|预算(?:是|在|只有|大概|大约)?|小于)\s?{SIGN}{N}"
        rf"{OTHER_UNIT}(?:{MONEY})?(?:以内|以下|之内)?",
        _one("price", "<="),
    ),
    _rule(rf"{SIGN}{N}(?:{MONEY})?{OTHER_UNIT}\s?(?:以内|以下|之内|封顶|之下|内)", _one("price", "<=")),
    _rule(
        rf"(?:不低于|不少于|高于|至少|最少|超过|大于)\s?{SIGN}{N}{OTHER_UNIT}(?:{MONEY})?(?:以上)?",
        _one("price", ">="),
    ),
    _rule(rf"{SIGN}{N}(?:{MONEY})?{OTHER_UNIT}\s?(?:以上|往上|起步)", _one("price", ">=")),
    _rule(rf"(?:大概|大约|约)?\s?{SIGN}{N}(?:{MONEY})?{OTHER_UNIT}\s?(?:左右|上下)", _one("price", "~")),
    _rule(rf"{N}(?:块钱?|元)(?:的|钱的)", _one("price", "~")),
    _rule(
        rf"\b(?:under|below|less than|up to|at most|max(?:imum)?(?: of)?|within|no more than|not more than|cheaper than"
        rf"|budget (?:of|is|under))\s{SIGN}{N}{OTHER_UNIT}(?:{MONEY})?",
        _one("price", "<="),
    ),
    _rule(rf"\b{SIGN}{N}{MONEY}?\s(?:or less|or under|max|tops)\b", _one("price", "<=")),
    _rule(
        rf"\b(?:over|above|more than|at least|starting at|min(?:imum)?(?: of)?)\s{SIGN}{N}{OTHER_UNIT}(?:{MONEY})?",
        _one("price", ">="),
    ),
    _rule(rf"\b(?:around|about|roughly)\s{SIGN}{N}{OTHER_UNIT}(?:{MONEY})?", _one("price", "~")),
    _rule(rf"[¥￥$€£]\s?{N}{OTHER_UNIT}", _one("price", "~")),
)


def limits(text: str) -> tuple[Constraint, ...]:
    """All limits in a text, in the order of the rules; no character is read twice."""
    found: list[Constraint] = []
    masked = text
    for pattern, make in RULES:
        for match in pattern.finditer(masked):
            start, end = match.span()
            said = match.group().strip()
            found += [Constraint(field, op, value, said, start, end) for field, op, value in make(match)]
        masked = pattern.sub(lambda m: " " * len(m.group()), masked)
    return tuple(found)
