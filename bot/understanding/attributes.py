"""What numbers this catalogue's items have: learnt from the attributes' names and values, not from a list in the code.

The lexicons in `data/` know the language (units and their factors, what people call a duration or a rating); which
attributes there are, what they measure and between which values they lie is read from the items.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf
from typing import Any

from bot.shipped import read_json
from bot.understanding.turn import Op
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, fold, stem

MONEY, YEAR, SCORE = "money", "year", "score"
_PARTS = re.compile(r"[a-z]+\d?|[㐀-鿿]+|%|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BOUNDS = {"min": "min", "minimum": "min", "least": "min", "max": "max", "maximum": "max", "最少": "min", "最多": "max"}
_COUNTS = frozenset(("count", "num", "number", "数量"))
_NOISE = frozenset(("total", "avg", "average", "mean", "approx", "est", "of", "in", "the", "to", "n", "at", "and"))


@dataclass(frozen=True, slots=True)
class NumericField:
    """A field of the catalogue that holds numbers.

    Attributes:
        field: price, year or attributes.NAME, as in `Constraint`.
        dimension: what it measures (money, year, score, time, length …) or, for a count, what is counted.
        scale: one of its own unit in the dimension's base unit (hours: 60, the base being the minute).
        words: what people call it, folded, in both languages.
        units: words of its own that may follow its numbers, beside those of the dimension ("bathrooms").
        low, high: the smallest and the largest value in the catalogue.
        count: how many items have it.
        domains: the domains of these items.
        groups: the entries of `attribute_names.json` that its name falls in.
        generic: whether its name says no more than the dimension (duration, not battery).
        bare: how a number with its unit is meant where no comparing word is said; empty: not as a limit.
        bound: "min" or "max" where the name says so (min_players).
    """

    field: str
    dimension: str
    scale: float = 1.0
    words: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    low: float = -inf
    high: float = inf
    count: int = 0
    domains: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    generic: bool = True
    bare: Op | None = "~"
    bound: str = ""

    def __hash__(self) -> int:
        return hash(self.field)


@dataclass(frozen=True, slots=True)
class _Group:
    """One entry of `attribute_names.json`: a thing that attributes are often called after."""

    key: str
    of: str = ""
    names: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    generic: bool = False
    bare: Op | None = None
    guess: tuple[tuple[float, str], ...] = ()
    stands_in: bool = False
    stems: frozenset[str] = frozenset()


@dataclass
class _Seen:
    """The numbers of one attribute while they are gathered."""

    low: float = inf
    high: float = -inf
    count: int = 0
    domains: set[str] = field(default_factory=set)

    def add(self, value: float, domain: str) -> None:
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.count += 1
        self.domains.add(domain)

    @property
    def calendar(self) -> bool:
        """Whether all of them could be years of the calendar."""
        return 1000 <= self.low <= self.high <= 2200


def read_data(name: str) -> Any:
    """One of the lexicons in `data/`."""
    return read_json("bot.understanding", name)


@lru_cache(maxsize=1)
def measures() -> Mapping[str, tuple[str, float]]:
    """A unit's word -> the dimension it measures and one of it in that dimension's base unit."""
    raw: Mapping[str, list[tuple[float, list[str]]]] = read_data("units.json")
    return {word: (of, float(factor)) for of, units in raw.items() for factor, words in units for word in words}


@lru_cache(maxsize=1)
def _groups() -> tuple[_Group, ...]:
    return tuple(
        _Group(
            key=raw["key"],
            of=raw.get("of", ""),
            names=frozenset(raw["names"]),
            units=frozenset(raw.get("units", ())),
            generic=raw.get("generic", False),
            bare=raw.get("bare"),
            guess=tuple((float(least), unit) for least, unit in raw.get("guess", ())),
            stands_in=raw.get("stands_in", False),
            stems=frozenset(map(stem, raw["names"])),
        )
        for raw in read_data("attribute_names.json")
    )


def counters() -> Iterator[tuple[str, str]]:
    """(word, dimension) of all that follows a number and counts or rates (页, stars)."""
    for group in _groups():
        for word in group.units:
            yield word, group.of


def group_names() -> Iterator[str]:
    """What people call what attributes often hold, whether this catalogue has it or not (评分, pages)."""
    for group in (one for one in _groups() if one.of not in (MONEY, YEAR)):
        yield from (name for name in group.names if len(name) > 1 and name not in FAINT)


FAINT = frozenset(
    ("time", "long", "away", "running", "wide", "deep", "tall", "display", "center", "centre", "plays", "步骤")
)
"""Names too common in speech to be taken for an attribute that the catalogue lacks."""
PRICE = NumericField(
    "price", MONEY, words=frozenset(("price", "cost", "budget", "价格", "价钱", "价位", "预算", "费用", "售价"))
)
RELEASED = NumericField("year", YEAR, words=frozenset({"year", "年份"}))


def numeric_fields(catalogue: Catalogue) -> tuple[NumericField, ...]:
    """Every field of the catalogue that holds numbers, price and year among them, the commonest first."""
    seen: dict[str, _Seen] = {}
    for item in catalogue.items:
        for name, value in (("price", item.price), ("year", item.year), *_attributes(item.attributes)):
            if value is not None:
                seen.setdefault(name, _Seen()).add(float(value), item.domain)
    found = sorted(seen.items(), key=lambda pair: (-pair[1].count, pair[0]))
    return with_generic(tuple(_field(name, numbers) for name, numbers in found))


def _attributes(attributes: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in attributes.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"attributes.{name}", value


def with_generic(fields: Sequence[NumericField]) -> tuple[NumericField, ...]:
    """The fields, where each measured dimension has one that its plain words mean (时长: the commonest time)."""
    out = list(fields)
    for group in (g for g in _groups() if g.generic):
        same = [i for i, one in enumerate(out) if one.dimension == group.of]
        same = [i for i in same if group.stands_in or out[i].generic or group.key in out[i].groups]
        if same and not any(out[i].generic for i in same):
            i = max(same, key=lambda i: out[i].count)
            out[i] = replace(out[i], generic=True, words=out[i].words | group.names)
    return tuple(out)


def _field(name: str, seen: _Seen) -> NumericField:
    """The field that an attribute's name and values tell of."""
    tokens = _tokens(name.removeprefix("attributes."))
    bound = next((_BOUNDS[token] for token in tokens if token in _BOUNDS), "")
    counted = any(token in _COUNTS for token in tokens)
    tokens = [token for token in tokens if token not in _BOUNDS and token not in _COUNTS and token not in _NOISE]
    unit, rest = _unit(tokens, seen)
    groups = [group for token in rest for group in _groups() if _called(group, token)]
    dimension, scale, groups = _dimension(unit, rest, groups, seen, counted)
    if dimension == SCORE and seen.high > 5:
        # in stars of five
        scale = 0.5 if seen.high <= 10 else 0.05
    generic = all(any(g.generic and _called(g, token) for g in groups) for token in rest) if unit or groups else True
    if not rest:
        groups = [group for group in _groups() if group.generic and group.of == dimension]
    measured = dimension in {of for of, _ in measures().values()}
    own = {word for token in rest for word in _plurals(token)}
    return NumericField(
        field=name,
        dimension=dimension,
        scale=scale,
        words=frozenset(w for w in own.union(*(g.names for g in groups)) if len(w) > 1 or HAN.search(w)),
        units=frozenset() if measured or not rest else frozenset(_plurals(rest[-1])),
        low=seen.low,
        high=seen.high,
        count=seen.count,
        domains=frozenset(seen.domains),
        groups=frozenset(group.key for group in groups),
        generic=generic or not measured or name == "price",
        bare=next((g.bare for g in groups if g.of == dimension and g.bare), "~" if measured else None),
        bound=bound,
    )


def _tokens(name: str) -> list[str]:
    """An attribute's name in words (roomSizeM2, room_size_m2, 房间面积(平米)); a "per" and what follows are cut."""
    tokens = _PARTS.findall(fold(_CAMEL.sub("_", name)))
    return tokens[: tokens.index("per")] if "per" in tokens[1:] else tokens


def _unit(tokens: list[str], seen: _Seen) -> tuple[str, list[str]]:
    """The unit in a name's words ("" for none), and the other words."""
    if not tokens:
        return "", tokens
    for place in dict.fromkeys((len(tokens) - 1, *range(len(tokens)))):
        token = tokens[place]
        if token in measures() and (len(token) > 1 or place == len(tokens) - 1):
            if token == "year" and seen.calendar:
                continue  # year_built is a calendar year; warranty_years are years
            return token, tokens[:place] + tokens[place + 1 :]
    last = tokens[-1]
    unit = next((last[i:] for i in range(1, len(last)) if last[i:] in measures()), "") if HAN.search(last) else ""
    return unit, [*tokens[:-1], last.removesuffix(unit)] if unit else tokens


def _called(group: _Group, token: str) -> bool:
    if HAN.search(token):
        return any(name in token for name in group.names if HAN.search(name) and len(name) > 1) or token in group.names
    return token in group.names or stem(token) in group.stems


def _dimension(
    unit: str, rest: Sequence[str], groups: list[_Group], seen: _Seen, counted: bool
) -> tuple[str, float, list[_Group]]:
    """(dimension, scale, the groups that fit it)."""
    money = [group for group in groups if group.of == MONEY]
    calendar = [group for group in groups if group.of == YEAR]
    if calendar and seen.calendar:
        return YEAR, 1.0, calendar
    if money and not counted:
        return MONEY, 1.0, money
    groups = [group for group in groups if group.of not in (MONEY, YEAR)]
    if unit:
        return (*measures()[unit], [group for group in groups if group.of in ("", measures()[unit][0])])
    fitting = [group for group in groups if group.of and not (counted and group.of == SCORE)]
    for group in reversed(fitting):
        for least, guessed in group.guess:
            if seen.high >= least:
                return (*measures()[guessed], groups)
        return group.of, 1.0, [one for one in groups if one.of in ("", group.of)]
    return (stem(rest[-1]) if rest else ""), 1.0, groups


def _plurals(word: str) -> Iterable[str]:
    """An English noun in singular and plural, near enough; a Chinese one as it is."""
    if HAN.search(word):
        return (word,)
    single = word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")
    return {word, single, single[:-1] + "ies" if single.endswith("y") else single + "s"}
