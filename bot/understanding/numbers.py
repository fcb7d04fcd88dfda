"""Numbers as people write them: 300, 1,200, 1.5k, 三百, 一百五, 两三百, 三百多, 半, a hundred, two and a half."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf
from typing import NamedTuple

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
_SMALL_WORDS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety
"""
SMALL = dict(zip(_SMALL_WORDS.split(), [*range(1, 20), *range(20, 100, 10)], strict=True))
LARGE = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000}
SCALES: dict[str, int] = UNITS | LARGE | {"k": 1_000}
LARGEST = 1e12
"""Beyond this nobody means a number."""
LONGEST = 12
"""Words of English that one number is written in, at most."""
SIMPLIFIED = str.maketrans(
    "兩內塊錢預鐘時頁評過萬幾價貴長點無謂個後別級約歲數紀間層樓節種張條錄較輕實檔華費銀裡東單雙場廳內圓鎊歐換",
    "两内块钱预钟时页评过万几价贵长点无谓个后别级约岁数纪间层楼节种张条录较轻实档华费银里东单双场厅内圆镑欧换",
)
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_ARABIC = (
    r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
    r"(?:\s?(?:k(?![a-z])|(?:grand|hundred|thousand|million)\b|[百千万](?:\d(?!\d))?))?"
)
_HAN = (
    r"(?:(?!(?<=[百千万])一[晚夜天个人位件本张次盒斤间月年套双瓶杯节门部小])[零〇一二两三四五六七八九十百千万])+"
    r"(?:点[零〇一二三四五六七八九]+(?![十点]))?"
)
"""五百一 is 510, but 五百一晚 is five hundred a night."""
_SMALL_WORD = f"(?:{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_LARGE_WORD = f"(?:{'|'.join(LARGE)})"
_AND = rf"(?:(?<=hundred)|(?<=thousand))\sand\s(?!{_SMALL_WORD}\s{_LARGE_WORD})"
_ENGLISH = (
    rf"\b(?:(?:an?\s)?{_LARGE_WORD}|{_SMALL_WORD})(?:(?:{_AND}|[\s-])(?:{_SMALL_WORD}|{_LARGE_WORD})\b)*\b"
    r"|\ban?(?=\s(?:hour|minute|day|week|month|year|mile|kilometre|kilometer|kilo|litre|liter)\b)"
)
NUMBER = rf"(?:{_ARABIC}|{_HAN}|{_ENGLISH})"
"""A pattern for one plain number, to be built into others (in lower case)."""

_FOUND = re.compile(
    r"(?=[\d零〇一二两三四五六七八九十百千万好几数上半]|(?<![a-z])[aefghmnoqst])(?:"
    r"(?P<some>(?:好几|几|数)(?P<someof>[十百千万])|\b(?:a\sfew|several)\s(?P<few>hundred|thousand))"
    r"|(?P<upward>上(?P<upof>[百千万])(?![级年]))"
    r"|(?P<about>百八十|千八百|[百千万](?:把|来)|\ba\scouple(?:\sof)?\s(?:hundred|thousand))"
    r"|(?P<half>半|\bhalf(?:\san?\b)?|\b(?:a\s)?quarter\sof\san?\b)"
    rf"|(?P<number>{NUMBER})(?P<rough>个?多(?![少大长久])|来(?=[块元个岁]|分钟|小时|天|页)|几(?![十百千万])|余|出头|个半|\sand\sa\shalf)?)"
)
_SCALED = re.compile(r"([\d,]+(?:\.\d+)?)\s?(k|grand|hundred|thousand|million|[百千万])?(\d)?")


class Number(NamedTuple):
    """A number in a text, or the span that a rough one covers (三百多: 300-399), and its characters.

    `about`: said as an approximation (百来). Exact numbers have `low` = `high`; `high` may be infinite (上千).
    """

    low: float
    high: float
    start: int
    end: int
    about: bool = False


def plain(text: str) -> str:
    """The text in lower case, half-width and simplified where numbers need it; every character keeps its place."""
    text = text.translate(FULL_WIDTH).translate(SIMPLIFIED).replace("’", "'")
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def parse_number(text: str) -> float | None:
    """The value of one exact number in any of the scripts; None where it is none.

    >>> parse_number("一百五"), parse_number("1.5k"), parse_number("two hundred and fifty")
    (150.0, 1500.0, 250.0)
    """
    text = plain(text).strip()
    if match := _SCALED.fullmatch(text):
        digits = match[1].replace(",", "")
        scale = SCALES.get(match[2] or "", 1)
        if not digits or (match[3] and not match[2]):
            return None
        return float(digits) * scale + int(match[3] or 0) * scale / 10
    whole, point, decimals = text.partition("点")
    if point:
        value = _chinese(whole)
        shown = "".join(str(DIGITS.get(c, "?")) for c in decimals)
        return value + float(f"0.{shown}") if value is not None and shown.isdigit() else None
    return _chinese(text) if not text.isascii() else _english(text)


def find(text: str) -> Iterator[Number]:
    """All numbers of a text (already `plain`), left to right."""
    for match in _FOUND.finditer(text):
        if (number := _number(match)) is not None:
            yield number


def _number(match: re.Match[str]) -> Number | None:
    start, end = match.span()
    if match["some"]:
        unit = float(SCALES[match["someof"] or match["few"]])
        return Number(unit, unit * 10 - 1, start, end)
    if match["upward"]:
        return Number(float(UNITS[match["upof"]]), inf, start, end)
    if match["about"]:
        said = match["about"]
        value = 2.0 * LARGE[said.split()[-1]] if said[0] == "a" else float(UNITS[said[0]])
        return Number(value, value, start, end, about=True)
    if match["half"]:
        value = 0.25 if "quarter" in match["half"] else 0.5
        return Number(value, value, start, end)
    spread = _spread(match["number"]) or (parse_number(match["number"]),) * 2
    low, high = spread
    if low is None or high is None or high > LARGEST:
        return None
    return _roughly(Number(low, high, start, end), match["number"], match["rough"] or "")


def _roughly(number: Number, said: str, rough: str) -> Number:
    """The number with what follows it: 多, 几 reach to the next round number, 来 is about, 半 is a half more."""
    if rough in ("个半", " and a half"):
        return number._replace(low=number.low + 0.5, high=number.high + 0.5)
    if rough == "来":
        return number._replace(about=True)
    if rough:
        step = _place(said, number.low)
        if rough == "出头":
            return number._replace(high=number.low + 0.3 * step)
        return number._replace(high=number.low + step - (1 if step >= 10 else 0))
    return number


def _place(said: str, value: float) -> float:
    """The place value of the last digit said: 三百 100, 150 10, 两 1."""
    if said[-1] in UNITS:
        return float(UNITS[said[-1]])
    place = 1.0
    while value >= place * 10 and value % (place * 10) == 0:
        place *= 10
    return place


def _spread(text: str) -> tuple[float | None, float | None] | None:
    """两三百, 十五六, 三五百: two digits side by side are a span; None where there is no such pair."""
    for i in range(len(text) - 1):
        low, high = DIGITS.get(text[i], 0), DIGITS.get(text[i + 1], 0)
        if low and high:
            if high - low != 1 and (low, high) != (3, 5):
                return None
            return parse_number(text[:i] + text[i] + text[i + 2 :]), parse_number(text[:i] + text[i + 1 :])
    return None


def _chinese(text: str) -> float | None:
    total, section, digit, last_unit = 0, 0, -1, 1
    for char in text:
        if char in DIGITS:
            if digit > 0 and last_unit == 1:
                return None
            digit = DIGITS[char]
            last_unit = 10 if char in "零〇" else last_unit
        elif char in UNITS:
            unit = UNITS[char]
            if unit == 10_000:
                total, section = (total + section + max(digit, 0) or 1) * unit, 0
            else:
                section += (1 if digit < 0 else digit) * unit
            digit, last_unit = -1, unit
        else:
            return None
    if digit > 0:
        # 一百五 is 150, not 105: a bare digit counts the next lower unit.
        section += digit * (last_unit // 10 if last_unit >= 100 else 1)
    return float(total + section) if text else None


def _english(text: str) -> float | None:
    total, section, last = 0, 0, inf
    words = [word for word in re.split(r"[\s-]+", text) if word != "and"]
    if len(words) > LONGEST:
        return None
    if words and words[0] in ("a", "an"):
        words = words[1:] or ["one"]
    for word in words:
        if word in SMALL:
            if SMALL[word] >= last or (last < 20 and section):
                return None
            section, last = section + SMALL[word], SMALL[word]
        elif word in LARGE:
            section = (section or 1) * LARGE[word]
            last = 100 if word == "hundred" else inf
            if word != "hundred":
                total, section, last = total + section, 0, 1_000
        else:
            return None
    return float(total + section) if words else None
