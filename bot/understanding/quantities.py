"""Numbers with what they are numbers of: 一个半小时, $200-300, 4.5分, two hundred pages, 3个 (which is no limit)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from bot.understanding import numbers
from bot.understanding.attributes import MONEY, NumericField, counters, measures, read_data
from bot.understanding.numbers import Number

Measure = tuple[str, float]
"""A dimension, and one of the unit in its base unit; 0 for the unit that the field itself counts in."""
Units = Mapping[str, tuple[Measure, ...]]
"""A word that follows a number -> what it may measure; nothing for one that no field has (个, years old)."""

LONGEST_UNIT = 4
_SIGN = re.compile(r"(?:us|hk|au|ca)?[¥$€£]\s?$|(?<![a-z])(?:rmb|cny|usd|eur|gbp)\s?$")
_LATIN = re.compile(r"[\s-]?([a-z][a-z/'²]*\d?(?![a-z])|[%$€£¥℃㎡]|°c)")
_NEXT_LATIN = re.compile(r"[\s-]([a-z]+)(?![a-z])")
_CONNECT = re.compile(r"\s?(?:到|至|-|–|~|—|/|to|or)\s?")
_AND = re.compile(r"\s?(?:and|和|与|跟)\s?")
_BETWEEN = re.compile(r"(?:between|from|在|介于)\s?$")
_AMONG = re.compile(r"(?:的?之间|区间|的?范围)")
_AFTER_UNIT = re.compile(r"\s?(?:and\s|又|零)?")
_PER = re.compile(
    r"(?:一|每|/|\s?/\s?|\s(?:a|an|per|each)\s)(?:晚|夜|天|人|位|个人|件|本|次|月|节课?|张|night|day|month|person|head|piece|month|ticket)"
    r"(?![a-z])"
)
"""What a price is for; a number before it is one (300一晚, 50 a head)."""
_HALF_MORE = re.compile(r"半|\sand\sa\shalf")
_OUT_OF = re.compile(r"\s?(?:/|out\sof)\s?(?:5|10|100)(?!\d)")
_NOT_A_NUMBER = re.compile(
    r"(?:第|no\.?\s?|#|[a-z]|[a-z][-./:]|\d[./:]|\d-\d+-|\d|vol\.?\s?|part\s|season\s|chapter\s|top\s)$"
)
_PART_OF_A_WORD = re.compile(r"[a-z]|[:：/]\d|-\d+-|-[a-z]+\d")
PHONE_DIGITS = 7


class Quantity(NamedTuple):
    """A number or a span of numbers and what it measures. `measures` None: bare, with no unit at all.

    `span`: whether two ends were said (200-300, 两三百). `noun`: an English plural that follows a bare number.
    """

    low: float
    high: float
    start: int
    end: int
    measures: tuple[Measure, ...] | None
    about: bool = False
    span: bool = False
    unit: str = ""
    noun: str = ""


def unit_words(fields: Sequence[NumericField]) -> Units:
    """All that may follow a number, for a catalogue with these fields."""
    table: dict[str, list[Measure]] = {word: [] for word in read_data("comparisons.json")["counters"]}
    for word, measure in measures().items():
        table.setdefault(word, []).append(measure)
    for word, of in counters():
        table.setdefault(word, []).append((of, 0.0))
    for field in fields:
        for word in field.units:
            if (field.dimension, 0.0) not in table.setdefault(word, []):
                table[word].append((field.dimension, 0.0))
    return {word: tuple(found) for word, found in table.items()}


@lru_cache(maxsize=1)
def _time_units() -> frozenset[str]:
    return frozenset(word for word, (of, _) in measures().items() if of == "time")


def quantities(text: str, units: Units) -> Iterator[Quantity]:
    """All quantities of a text (already `plain`), left to right; ordinals, phone numbers and names are none."""
    found = [number for number in numbers.find(text) if _is_number(text, number)]
    i = end = 0
    while i < len(found):
        number, i = found[i], i + 1
        quantity = _single(text, number, units) if number.start >= end else None
        if quantity is None:
            continue
        if i < len(found) and found[i].start >= quantity.end and (joined := _joined(text, quantity, found[i], units)):
            quantity = joined
            i += 1
        end = quantity.end
        yield quantity


def _is_number(text: str, number: Number) -> bool:
    said = text[number.start : number.end]
    if said.isdigit() and (len(said) >= PHONE_DIGITS or (said[0] == "0" and len(said) > 1)):
        return False
    return not _NOT_A_NUMBER.search(text, max(0, number.start - 9), number.start)


def _single(text: str, number: Number, units: Units) -> Quantity | None:
    """One number with the sign before and the unit after it; None where it is part of a word (4K, 1080p, 20:30)."""
    sign = _SIGN.search(text, max(0, number.start - 5), number.start)
    start = sign.start() if sign else number.start
    unit, end = _unit_at(text, number.end, units)
    noun = ""
    rated = None if unit or sign else _OUT_OF.match(text, number.end)
    if not unit and not sign and not rated and not _PER.match(text, number.end):
        if _PART_OF_A_WORD.match(text, number.end):
            return None
        follows = _NEXT_LATIN.match(text, number.end)
        noun = follows[1] if follows else ""
    kinds: tuple[Measure, ...] | None = units.get(unit) if unit else None
    if sign:
        kinds = ((MONEY, 1.0),)
    elif rated:
        kinds, end, unit = (("score", 0.0),), rated.end(), "/"
    if (not unit or (kinds and kinds[0][0] == MONEY)) and (per := _PER.match(text, end)):
        kinds, end = ((MONEY, 1.0),), per.end()
    low, high = number.low, number.high
    if unit in _time_units() and (half := _HALF_MORE.match(text, end)):
        low, high, end = low + 0.5, high + 0.5, half.end()
    return Quantity(low, high, start, end, kinds, number.about, low < high, unit, noun)


def _unit_at(text: str, place: int, units: Units) -> tuple[str, int]:
    """The unit at a place ("" for none) and where it ends."""
    at = place + 1 if text[place : place + 1] == " " else place
    for length in range(LONGEST_UNIT, 0, -1):
        word = text[at : at + length]
        if len(word) == length and word in units and not word.isascii():
            return word, at + length
    match = _LATIN.match(text, place)
    if match:
        further = _NEXT_LATIN.match(text, match.end())
        if further and (two := f"{match[1]} {further[1]}") in units:
            return two, further.end()
        word = match[1].rstrip("'")
        if word in units:
            return word, match.start(1) + len(word)
    return "", place


def _joined(text: str, first: Quantity, number: Number, units: Units) -> Quantity | None:
    """The quantity with the number after it, where the two make a span (200-300) or one length of time (1小时30分)."""
    second = _single(text, number, units)
    if second is None:
        return None
    apart = text[first.end : second.start]
    if not apart and first.unit in measures() and not first.unit.isascii() and _is_decimal(first, second):
        return first._replace(low=first.low + second.low / 10, high=first.high + second.low / 10, end=second.end)
    if first.unit in _time_units() and _AFTER_UNIT.fullmatch(apart) and not first.span:
        return _longer(first, second)
    between = _BETWEEN.search(text, max(0, first.start - 10), first.start)
    among = _AND.fullmatch(apart) and (between or _AMONG.match(text, second.end))
    if not among and not _CONNECT.fullmatch(apart):
        return None
    if "or" in apart and not second.unit and second.measures is None:
        return None
    kinds, unit = (second.measures, second.unit) if second.measures is not None else (first.measures, first.unit)
    if first.measures is not None and second.measures is not None and first.unit and first.unit != second.unit:
        low, high = _in_one_unit(first, second)
    else:
        low, high = first.low, second.high
    if low > high and 0 < low < 100 and second.low >= 100:
        return None
    end = second.end
    if ending := _AMONG.match(text, end):
        end = ending.end()
    start = between.start() if between else first.start
    return Quantity(min(low, high), max(low, high), start, end, kinds, span=True, unit=unit, noun=second.noun)


def _is_decimal(first: Quantity, second: Quantity) -> bool:
    """一米五, 三块五: a bare digit after a unit is its tenths."""
    return second.measures is None and not second.span and second.low < 10 and first.unit not in _time_units()


def _in_one_unit(first: Quantity, second: Quantity) -> tuple[float, float]:
    """The ends of 半小时到两小时, 90 minutes to 2 hours, in the second one's unit."""
    for of, factor in first.measures or ():
        for other, own in second.measures or ():
            if of == other and factor and own:
                return first.low * factor / own, second.high
    return first.low, second.high


def _longer(first: Quantity, second: Quantity) -> Quantity | None:
    """1小时30分钟, 1h30: hours and minutes added, in the first one's unit."""
    ((_, whole), *_) = first.measures or (("", 0.0),)
    part = dict(second.measures or ()).get("time")
    if part is None:
        is_minutes = second.measures is None or second.unit == "分"
        part = 1.0 if is_minutes and whole == 60 and second.high < 60 else None
    if part is None or part >= whole:
        return None
    more = second.low * part / whole
    return first._replace(low=first.low + more, high=first.high + more, end=second.end)
