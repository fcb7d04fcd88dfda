"""Numbers and what they count, read from Chinese and English text: digits, numerals, number words, units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unicodedata import normalize

WORDS: dict[str, Any] = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000, "k": 1000}
SMALL = WORDS["numbers"]["small"].split()
ENGLISH = {word: n for n, word in enumerate(SMALL)} | {
    word: 10 * n for n, word in enumerate(WORDS["numbers"]["tens"].split(), 2)
}
ORDINALS = {word: n for n, word in enumerate(WORDS["numbers"]["ordinals"].split(), 3)}
MULTIPLES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
TENS = "|".join(word for word in ENGLISH if word.endswith("ty"))
BASE = (
    rf"(?:(?:{TENS})[- ](?:{'|'.join(SMALL[1:10])})\b|{'|'.join(sorted(ENGLISH | ORDINALS, key=len, reverse=True))})\b"
)
TIMES = "|".join(MULTIPLES)
ENGLISH_NUMBER = rf"\b(?:{BASE}|(?=(?:{TIMES})\b))(?:[- ]?(?:{TIMES})\b(?:(?: and | ){BASE})?)*"
UNITS = {
    spelling.replace("-", " "): (dimension, float(factor))
    for dimension, spellings in WORDS["units"].items()
    for factor, listed in spellings.items()
    for spelling in listed.split()
}
UNIT = "|".join(
    re.escape(unit).replace(r"\ ", "[- ]") + ("(?![a-z])" if unit[-1].isascii() and unit[-1].isalpha() else "")
    for unit in sorted(UNITS, key=len, reverse=True)
)
SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(WORDS["symbols"], key=len, reverse=True))
NUMBER = re.compile(
    rf"(?P<symbol>{SYMBOL})?\s?(?:(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?)(?P<scale>[万亿千百](?![卡克米瓦])|k(?![a-z]))?"
    rf"|(?P<han>[{''.join(DIGITS)}十百千万亿]+)(?P<tenths>成(?![为员长本都功分]))?"
    rf"|(?P<words>{ENGLISH_NUMBER}))"
    rf"(?P<gap>[多余来几]?\s?(?:-(?=[a-z]))?个?半?(?:full|whole)?\s?)(?P<unit>{UNIT})?(?P<next>\s?(?:-|–|—|~|至|到|to|或|or)\s?(?=\d|[{''.join(DIGITS)}]|{BASE}))?"
)
IDIOMS = re.compile("|".join(WORDS["idioms"].split()))
YEAR = "year"


@dataclass(frozen=True)
class Quantity:
    """A number as it stands in a text; `dimension` is "" where nothing says what it counts.

    `count`: the number itself; `value`: in base units; `kind`: digits, word, or sum of two that stand side by side.
    """

    text: str
    count: float
    value: float
    dimension: str = ""
    kind: str = "digits"


def quantities(text: str) -> list[Quantity]:
    """All numbers of a text; of a range both ends have its unit; what stands side by side (1小时30分) also as a sum."""
    text = IDIOMS.sub(lambda found: "○" * len(found[0]), normalize("NFKC", text).lower())
    found = [(match, number) for match in NUMBER.finditer(text) for number in _read(match)]
    for i in range(len(found) - 2, -1, -1):  # 3–6岁: the unit stands after the last
        match, number = found[i]
        if match["next"] and not number.dimension:
            later = found[i + 1][1]
            value = number.count * _factor(found[i + 1][0])
            found[i] = match, replace(number, value=value, dimension=later.dimension)
    sums = [
        Quantity(a.text + b.text, a.value + b.value, a.value + b.value, a.dimension, "sum")
        for (one, a), (two, b) in pairwise(found)
        if a.dimension == b.dimension != "" and a.value > b.value and two.start() - one.end() <= 1
    ]
    return [number for _, number in found] + sums


def unit_of(name: str) -> tuple[str, float]:
    """What a field called so counts and in how many base units (duration_minutes: time, 1); "" if nothing tells."""
    parts = re.split(r"[^a-z0-9]+", name.lower())
    latin = next((UNITS[part] for part in parts if part in UNITS), None)
    unit = latin or next(
        (u for word, u in UNITS.items() if not word.isascii() and len(word) > 1 and word in name), None
    )
    told = next(
        (dimension for word, dimension in WORDS["names"].items() if word in (parts if word.isascii() else name)), ""
    )
    return (told, 1.0) if told and (not unit or unit[0] != told) else unit or ("", 1.0)


def _read(match: re.Match[str]) -> Iterator[Quantity]:
    dimension, factor = UNITS.get((match["unit"] or "").replace("-", " "), ("", 1.0))
    if match["symbol"]:
        dimension, factor = WORDS["symbols"][match["symbol"]], 1.0
    if match["tenths"]:
        dimension, factor = "percent", 10.0
    if match["digits"]:
        values = [float(match["digits"].replace(",", "")) * SCALES.get(match["scale"] or "", 1)]
    else:
        values = _han(match["han"]) if match["han"] else [_english(match["words"])]
    if "半" in match["gap"]:
        values = [value + 0.5 for value in values]
    for value in values:
        told = (
            YEAR if dimension in ("", "span") and 1000 <= value < 2100 and match["unit"] in (None, "年") else dimension
        )
        yield Quantity(match[0].strip(), value, value * factor, told, "digits" if match["digits"] else "word")


def _factor(match: re.Match[str]) -> float:
    return UNITS.get((match["unit"] or "").replace("-", " "), ("", 1.0))[1]


def _han(numeral: str) -> list[float]:
    """The value of a numeral; 七八 means either, 一九八四 is read off by digits."""
    if not re.search("[十百千万亿]", numeral):
        digits = [DIGITS[sign] for sign in numeral]
        if len(digits) == 2 and digits[1] - digits[0] == 1:
            return [float(digit) for digit in digits]
        return [float("".join(map(str, digits)))]
    total, section, digit, last = 0.0, 0.0, 0.0, 1
    for sign in numeral:
        if sign in DIGITS:
            digit = DIGITS[sign]
            last = 1 if sign in "零〇" else last
        elif (scale := SCALES[sign]) < 10_000:
            section, digit, last = section + (digit or 1) * scale, 0, scale
        else:
            total, section, digit, last = total + ((section + digit) or 1) * scale, 0, 0, scale
    return [total + section + digit * (last // 10 if last > 10 and numeral[-1] in DIGITS else 1)]


def _english(words: str) -> float:
    total, value = 0.0, 0.0
    for word in re.split(r"-| and | ", words):
        if word in MULTIPLES:
            value = (value or 1) * MULTIPLES[word]
            if MULTIPLES[word] >= 1000:
                total, value = total + value, 0
        else:
            value += (ENGLISH | ORDINALS)[word]
    return total + value
