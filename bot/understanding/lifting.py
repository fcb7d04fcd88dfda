"""Limits taken back: 预算不限, 贵一点也行, 时长无所谓, forget the budget, any year, I don't care how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from bot.understanding.attributes import NumericField, read_data
from bot.understanding.comparisons import words_pattern
from bot.understanding.leanings import adjectives, fields_of
from bot.understanding.measuring import reader_of
from bot.understanding.numbers import plain

_NO_MATTER_ZH = (
    r"(?:不限制?|不设限|无所谓|没所谓|不重要|没关系|随便|随意|都行|都可以|都好|都成|不用管|没要求|没有要求|没限制|没有限制"
    r"|没上限|没有上限|不是问题|不在乎|不介意|不考虑|不用考虑|别管|先不管|不管了?|不计|放宽|取消)"
)
_WHATEVER_ZH = (
    r"(?:不限制?|不管|不论|无论|不考虑|不用考虑|不在乎|不介意|不用管|先?别管|不看|不挑|忽略|取消|去掉|放开|放宽|忘掉|忘了"
    r"|任何|任意)(?:什么|多少|具体|刚才的?|之前的?|那个)?"
)
_LIMIT_ZH = r"(?:的?(?:限制|要求|高低|长短|多少|范围|问题|什么的?))?"
_FINE_ZH = (
    r"(?:一点点?|一点儿|点儿?|一些|些)?的?(?:也|都)"
    r"(?:没关系|无所谓|可以|能接受|接受|无妨|不要紧|没事|行|好|成|ok)"
)
_FORGET = (
    r"(?:any|whatever|regardless of|no matter|forget|forget about|never mind|ignore|drop|remove|lift"
    r"|no limits? (?:on|to)|don't care about|do not care about|don't worry about|not worried about|don't mind)"
    r"(?:\s(?:the|my|that|what|about))*"
)
_NO_MATTER = (
    r"(?:(?:doesn't|does not|don't|do not|no longer|didn't)\s(?:really\s)?matter"
    r"|(?:is|are)\s(?:really\s)?(?:no (?:object|issue|problem|concern)|flexible|unlimited|open|irrelevant)"
    r"|(?:isn't|is not|aren't|are not)\s(?:really\s)?(?:important|an issue|a problem|a concern|relevant))"
)
_FINE = r"\s(?:is|are|would be)\s(?:also\s|totally\s)?(?:fine|ok|okay|alright|all right|no problem|good)(?:\stoo)?"
_HOW = r"(?:don't care|do not care|doesn't matter|does not matter|no matter|regardless of|don't mind)\show"
_LIMIT = r"(?:\s(?:limits?|range|cap|restrictions?|constraints?))"


class _Lifting(NamedTuple):
    """Patterns with the fields that each of their words stands for."""

    phrases: re.Pattern[str]
    of_phrase: Mapping[str, tuple[str, ...]]
    named: re.Pattern[str]
    of_name: Mapping[str, tuple[str, ...]]
    how: re.Pattern[str]
    of_how: Mapping[str, tuple[str, ...]]
    adjective: re.Pattern[str]
    of_adjective: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=16)
def _lifting(fields: tuple[NumericField, ...]) -> _Lifting:
    known = reader_of(fields).fields
    raw = read_data("lifting.json")
    phrases, names, how = (_by_word(raw[part], known) for part in ("phrases", "names", "how"))
    for field in known:
        for word in field.words:
            if len(word) > 1 and word not in names and word not in ("time", "long", "away", "running", "size"):
                names[word] = (field.field,)
    compared = {
        word: tuple(dict.fromkeys(field.field for one in meanings for field in fields_of(one, known)))
        for word, meanings in adjectives().items()
    }
    compared = {word: of for word, of in compared.items() if of}
    name = f"(?P<{{}}>{words_pattern(names).pattern})"
    adjective = words_pattern(compared).pattern
    return _Lifting(
        words_pattern(phrases),
        phrases,
        re.compile(
            rf"{name.format('a')}{_LIMIT_ZH}(?:也|都|就|可以)?{_NO_MATTER_ZH}"
            rf"|{_WHATEVER_ZH}{name.format('b')}{_LIMIT_ZH}"
            rf"|(?<![a-z]){_FORGET}\s{name.format('c')}{_LIMIT}?"
            rf"|(?<![a-z])no\s{name.format('d')}{_LIMIT}"
            rf"|(?:the\s)?{name.format('e')}{_LIMIT}?\s{_NO_MATTER}"
        ),
        names,
        re.compile(
            rf"(?<![a-z]){_HOW}\s(?P<how>{words_pattern(how).pattern})(?:\s(?:it|they|that)\s(?:is|are|takes?|costs?|lasts?))?"
        ),
        how,
        re.compile(
            rf"(?P<fine>{adjective})(?:{_FINE_ZH}|{_FINE})"
            rf"|(?<![a-z])(?:can|could|may)\sbe\s(?:a\s(?:bit|little)\s|slightly\s)?(?P<may>{adjective})(?!\sthan)"
        ),
        compared,
    )


def _by_word(raw: Mapping[str, Iterable[str]], fields: Sequence[NumericField]) -> dict[str, tuple[str, ...]]:
    """Word -> the fields of the dimensions it is listed under: the plain ones, where there are any."""
    out: dict[str, tuple[str, ...]] = {}
    for dimension, words in raw.items():
        same = [field for field in fields if field.dimension == dimension]
        meant = [field.field for field in same if field.generic] or [field.field for field in same]
        for word in words:
            if meant:
                out[word] = tuple(dict.fromkeys((*out.get(word, ()), *meant)))
    return out


def lifted_spans(text: str, fields: Sequence[NumericField] = ()) -> tuple[tuple[str, int, int], ...]:
    """(field, start, end) for each field whose limits the visitor takes back, with the characters that say so."""
    lifting = _lifting(tuple(fields))
    return tuple(sorted(set(_spans(plain(text), lifting)), key=lambda span: (span[1], span[0])))


def without_lifted(said: str, fields: Sequence[NumericField]) -> str:
    """The text (already `plain`) with what takes limits back made spaces: "贵一点也行" wishes for nothing dear."""
    for _, start, end in _spans(said, _lifting(tuple(fields))):
        said = said[:start] + " " * (end - start) + said[end:]
    return said


def lifted(text: str, fields: Sequence[NumericField] = ()) -> frozenset[str]:
    """The fields whose earlier limits the visitor takes back (price, year, attributes.NAME)."""
    return frozenset(field for field, _, _ in lifted_spans(text, fields))


def _spans(said: str, lifting: _Lifting) -> Iterator[tuple[str, int, int]]:
    for pattern, of in (
        (lifting.phrases, lifting.of_phrase),
        (lifting.named, lifting.of_name),
        (lifting.how, lifting.of_how),
        (lifting.adjective, lifting.of_adjective),
    ):
        for match in pattern.finditer(said):
            word = next((group for group in match.groups() if group), match.group())
            for field in of.get(word, ()):
                yield field, *match.span()
