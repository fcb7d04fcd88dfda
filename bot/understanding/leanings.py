"""Limits without a number: leanings to one end of a field (便宜, 短一点, not too long, highly rated).

An adjective belongs to dimensions (short: time, pages, episodes …) and so to whichever fields of the catalogue
measure them. Some stand by themselves (便宜, cheap); others only in company (更长, not too long, 短一点), for 长袖 and
"long sleeve" speak of no duration. A leaning excludes nothing, so one that fits several fields is given for each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from bot.understanding.attributes import NumericField, read_data
from bot.understanding.comparisons import words_pattern
from bot.understanding.turn import Constraint


class Adjective(NamedTuple):
    """What an adjective says of which dimensions. `high`: towards the high end. `form`: free, bound or compared."""

    of: tuple[str, ...]
    high: bool
    form: str
    first: bool


class Leaning(NamedTuple):
    """A leaning in a text. `compared`: with something shown (更便宜, cheaper, 太贵了)."""

    adjective: Adjective
    high: bool
    compared: bool
    start: int
    end: int


NOT_BEFORE = r"(?<![多珍宝名高昂尊娇成生校特擅延修专拉体保沉慎])"
NOT_AFTER = (
    r"(?!于|州|阳|族|人|宾|妃|公|袖|裙|裤|发|沙|江|城|大|辈|期|远|途|松|音乐|食|奢|微|要|庆|鲜|颖|手|闻|视|师|学|家"
    r"|海|提琴|衣|\squestion|\ssleeve|\sterm|\stime|\sdistance)"
)
"""Words that an adjective's character is part of (珍贵, 成长, 贵州, 长袖, 重要), where it says nothing by itself."""


REACH = 28
"""An adjective's own words (不要太, not too) lie within so many characters before it."""
MOST = 40
"""More adjectives than this in one message say nothing further."""
_BEFORE_ZH = re.compile(
    r"(?P<than>比[^，。！？!?,\n]{1,12}?)?(?P<away>离[^，。！？!?,\n]{1,8}?)?"
    r"(?P<neg>(?<![要好])不要|(?<![特级类性分])别|不想要|不用|(?<!是)不是|没那么|没有那么|(?<![能要好])不)?"
    r"(?P<deg>太过|太|过于|有点儿?|有些|嫌|很|非常|那么|这么|特别)?(?P<more>更加?|再|还要|稍微|越|偏|比较|最(?![新近]))?$"
)
_BEFORE_EN = re.compile(
    r"(?P<neg>(?<![a-z])(?:not|nothing|isn't|aren't|no|never|don't want|do not want|without being)\s"
    r"(?:(?:anything|something|to be|it|them)\s)?(?:to be\s)?)?"
    r"(?P<deg>(?<![a-z])(?:too|so|very|overly|that|really|terribly|particularly|all that|a bit|a little|slightly)\s"
    r"(?:[a-z]+\s(?:or|and)\s)?)?$"
)
_AFTER_ZH = re.compile(r"(?P<bit>一点点?|一点儿|点儿?|一些|些)?(?P<le>了)?")
_AFTER_EN = re.compile(
    r"(?:\sthan\s(?:that|this|it|those|these|them|any of (?:those|these|them)|the \w+)(?:\sone)?(?![a-z]))?"
)


_ASKED_ZH = re.compile(r"哪(?![里儿些怕])[^，。！？!?,\n]{0,10}$")
_ASKED_EN = re.compile(r"(?:^|[,.!?;]\s?)which\b[^,.!?;]*$|(?<![a-z])(?:the|which is)\s$")
_POINTED = re.compile(r"的?那一?[个本部件款条家门双台间张种首些位盆只套盒瓶]")


class _Patterns(NamedTuple):
    words: re.Pattern[str]
    adjectives: Mapping[str, tuple[Adjective, ...]]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    found: dict[str, tuple[Adjective, ...]] = {}
    for raw in read_data("leanings.json"):
        for key, form, high in (
            ("low", "free", False),
            ("high", "free", True),
            ("bound_low", "bound", False),
            ("bound_high", "bound", True),
            ("lower", "compared", False),
            ("higher", "compared", True),
        ):
            for word in raw.get(key, ()):
                adjective = Adjective(tuple(raw["of"]), high, form, raw.get("first", False))
                found[word] = (*found.get(word, ()), adjective)
    return _Patterns(re.compile(f"{NOT_BEFORE}(?:{words_pattern(found).pattern}){NOT_AFTER}"), found)


def adjectives() -> Mapping[str, tuple[Adjective, ...]]:
    """Every adjective of the lexicon and what it says."""
    return _patterns().adjectives


def found_in(text: str) -> Iterator[Leaning]:
    """All leanings in a text (already `plain`), left to right; no character is read twice."""
    patterns, end = _patterns(), 0
    for match in islice(patterns.words.finditer(text), MOST):
        word, read = match.group(), _read_english if match.group().isascii() else _read_chinese
        low = max(0, match.start() - REACH)
        if _ASKED_ZH.search(text, low, match.start()) or _POINTED.match(text, match.end()):
            continue  # 哪本便宜, 便宜的那本: a question or a thing shown, no wish
        for adjective in patterns.adjectives[word]:
            if leaning := read(text, adjective, word, max(end, low), match.start()):
                end = leaning.end
                yield leaning


def _read_chinese(text: str, adjective: Adjective, word: str, low: int, place: int) -> Leaning | None:
    before, after = _BEFORE_ZH.search(text, low, place), _AFTER_ZH.match(text, place + len(word))
    if not before or not after:
        return None
    neg, deg, more = before["neg"], before["deg"] or "", before["more"] or ""
    compared = bool(
        more in ("更", "更加", "再", "还要") or after["bit"] or before["than"] or adjective.form == "compared"
    )
    if not (compared or deg or more or neg or after["le"] or before["away"] or adjective.form == "free"):
        return None
    if word == "新" and more == "更" and not after["bit"] and text[after.end() : after.end() + 1] != "的":
        return None  # 更新 as a verb
    if neg == "不" and (
        text[before.start() - 1 : before.start()] == word[0]
        or (adjective.form == "free" and not adjective.high and not deg)
    ):
        return None  # 贵不贵 asks, and 不便宜 says how it is; neither wishes
    late = after["le"] and "money" in adjective.of and adjective.form == "bound" and not (deg or more)
    complaint = (deg in ("太", "太过", "过于", "有点", "有点儿", "有些", "嫌") or bool(late)) and not neg
    high = adjective.high != (bool(neg) or complaint)
    return Leaning(adjective, high, compared or complaint, before.start(), after.end())


def _read_english(text: str, adjective: Adjective, word: str, low: int, place: int) -> Leaning | None:
    before, after = _BEFORE_EN.search(text, low, place), _AFTER_EN.match(text, place + len(word))
    if not before or not after:
        return None
    neg, deg = before["neg"], (before["deg"] or "").split(" ")[0]
    if adjective.form == "bound" and not (neg or deg):
        return None
    compared = adjective.form == "compared"
    if compared and _ASKED_EN.search(text, max(0, place - 2 * REACH), place):
        return None  # which is cheaper? the older one
    complaint = deg in ("too", "so", "overly", "a") and not neg and not compared
    high = adjective.high != (bool(neg) or complaint)
    return Leaning(adjective, high, compared or complaint, before.start(), after.end())


def fields_of(
    adjective: Adjective, fields: Sequence[NumericField], domains: Collection[str] = ()
) -> list[NumericField]:
    """The fields that an adjective speaks of: by their dimension where they are its plain ones, or by their name.

    Where some of them are in the domains in question, only those.
    """
    found = [
        field
        for of in adjective.of
        for field in fields
        if (field.dimension == of and field.generic) or of in field.groups
    ]
    inside = [field for field in found if not field.domains.isdisjoint(domains)] or found
    return inside[:1] if adjective.first else list(dict.fromkeys(inside))


def leanings(
    said: str, text: str, fields: Sequence[NumericField], domains: Collection[str] = ()
) -> Iterator[Constraint]:
    """All leanings of a text, each as "low" or "high" on every field that it fits. `said`: the text made `plain`."""
    for leaning in found_in(said):
        for field in fields_of(leaning.adjective, fields, domains):
            yield leaning_on(field.field, leaning, text)


def leaning_on(field: str, leaning: Leaning, text: str) -> Constraint:
    """The leaning as a constraint on one field, in the visitor's words."""
    start, end = leaning.start, leaning.end
    return Constraint(field, "high" if leaning.high else "low", 0.0, text[start:end].strip(), start, end)
