"""From a number with its surroundings to limits on a field: which field is meant, and which way it compares.

Which field: the dimension of the unit decides which fields can be meant; among them the one named near the number,
then one that the domains in question have, then the one whose range the value comes nearest (20 hours is no film but
a battery), then the commonest, where the plain one of its dimension (duration rather than battery) and one
that counts in the very unit weigh more. A bare number is
of the field named beside it, or a price. A number with a unit that no field has is no limit.

Which way: a border said by a mere "under", "below", "over", 低于, 超过 is taken to include the value itself (nobody
who says "under 300" minds 300); where such a word is negated ("not over", 不要…以上) the logic holds exactly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import inf, log

from bot.understanding.attributes import MONEY, PRICE, RELEASED, SCORE, NumericField, group_names, measures
from bot.understanding.comparisons import FLIPPED, After, Before, Surroundings, words_pattern
from bot.understanding.quantities import Quantity, Units, quantities, unit_words
from bot.understanding.turn import Constraint, Op

SLACK = 2.0
"""A value that nothing compares ("90分钟的") may lie this many times beyond what a field's items have."""
LEAST_BARE = 50
"""A number that only a 的 follows is a price from here on (300的耳机)."""
LEAST_SPAN = 20
"""So is a bare span (30-40)."""
COUNTABLE = 30
"""Up to here, a number right before an English plural counts things ("under 5 reviews")."""
PLAIN = 4
"""The plain field of a dimension, and one that counts in the unit said, weigh so many times their number of items."""
MOST = 40
"""More numbers than this in one message are no limits that anybody could mean."""
PEOPLE = ("人", "个人", "person", "people")
MEASURED = frozenset((SCORE, MONEY, *(of for of, _ in measures().values())))
HEADS = frozenset({"capacity", "players", "servings"})
"""Of these, a number of people says by itself how many it must be enough for."""
_OWNED = re.compile(r"的|\s?long\b")
_SINGLE = re.compile(r"的|[\s-][a-z]")
"""A unit in the singular owns the noun after it: a 90 minute film."""
_ENDS = re.compile(r"\s*(?:的|价|预算|$|[，。,.；;！!？?\n])")
_NAME_AFTER = re.compile(r"'?\s?(?:的|in\b|of\b|for\b)?\s?")
_FROM = re.compile(r"\s(?:away\s)?(?:of|from|to)\s(?:the\s)?([a-z]+)(?![a-z])")
"""What a distance is measured from (within 500 m of the beach)."""
_AGED = re.compile(r"(?:kids?|child(?:ren)?|toddlers?|boys?|girls?|bab(?:y|ies)|ages?|aged|孩子|儿童|小孩|年龄)\s?$")
_NAMED_BEFORE = re.compile(r"[a-z]\s?$")

EXACT: tuple[Op, ...] = ("<", ">")
INCLUSIVE: Mapping[Op, Op] = {"<": "<=", ">": ">="}

Meant = tuple[NumericField, float]
"""A field, and what a number said is multiplied by to be in the field's unit."""


@dataclass(frozen=True, eq=False)
class Reader:
    """What a set of fields makes of numbers, compiled once."""

    fields: tuple[NumericField, ...]
    units: Units
    names: re.Pattern[str]
    named: Mapping[str, tuple[NumericField, ...]]

    def of_dimension(self, dimension: str) -> list[NumericField]:
        """The fields that measure the same."""
        return [field for field in self.fields if field.dimension == dimension]


@lru_cache(maxsize=16)
def reader_of(fields: tuple[NumericField, ...]) -> Reader:
    """The reader of these fields; price and year are always understood, also where the catalogue lacks them."""
    dimensions = {field.dimension for field in fields}
    known = (*fields, *(own for own in (PRICE, RELEASED) if own.dimension not in dimensions))
    named: dict[str, tuple[NumericField, ...]] = {}
    for field in known:
        for word in field.words:
            named[word] = (*named.get(word, ()), field)
    named |= {word: () for word in group_names() if word not in named}
    return Reader(known, unit_words(known), words_pattern(named), named)


def preferred(
    candidates: Sequence[Meant],
    span: tuple[float, float],
    named: Collection[NumericField] = (),
    domains: Collection[str] = (),
) -> Meant:
    """The likeliest of the fields that a number can be of (see the head of this module)."""

    def rank(meant: Meant) -> tuple[int, bool, float, bool, int]:
        field, factor = meant
        return (
            (1 if field.generic else 2) if field in named else 0,  # cooking time: of cooking, not of any time
            not domains or not field.domains.isdisjoint(domains),
            -_beyond(field, span[0] * factor, span[1] * factor),
            field.field in ("price", "year"),
            field.count * (PLAIN if field.generic else 1) * (PLAIN if factor == 1.0 else 1),
        )

    return max(candidates, key=rank)


def _beyond(field: NumericField, low: float, high: float) -> float:
    """How far (in logarithms) a span lies outside what the field's items have."""
    if low > field.high > 0:
        return log(low / field.high)
    return log(field.low / high) if 0 < high < field.low < inf else 0.0


def measured(said: str, text: str, reader: Reader, domains: Collection[str]) -> Iterator[Constraint]:
    """All limits by numbers in a text. `said`: the text made `plain`; `text`: as the visitor wrote it."""
    found = list(islice(quantities(said, reader.units), MOST))
    around = Surroundings(said, reader.names) if found else None
    read = 0
    for quantity in found:
        if around:
            for field, op, value, start, end in _limits_of(quantity, read, said, around, reader, domains):
                yield Constraint(field, op, value, text[start:end].strip(), start, end)
                read = end


def _limits_of(
    quantity: Quantity, read: int, said: str, around: Surroundings, reader: Reader, domains: Collection[str]
) -> Iterator[tuple[str, Op, float, int, int]]:
    before = around.before(quantity.start, read)
    after = around.after(quantity.end, before.than)
    if before.spent or (quantity.low <= 18 and _AGED.search(said, max(0, before.start - 10), before.start)):
        return
    name, end = _name_after(said, after.end, reader)
    near = before.names[:1] or ((name,) if name else ())
    candidates = _meant(quantity, near, reader)
    if after.done:
        # 一天能看完: how long a thing takes, not how long a battery lasts
        candidates = [meant for meant in candidates if meant[0].generic] or candidates
    if not candidates or _is_a_year(quantity, before, said):
        return
    names = near if quantity.measures is None else (*near, *around.named_near(quantity.start, quantity.end))
    named = {field for word in names for field in reader.named.get(word, ())}
    field, factor = preferred(candidates, (quantity.low, quantity.high), named, domains)
    end = end if name in reader.named and field in reader.named[name] else after.end
    op, start = _comparison(quantity, before, after, around, field)
    if start < 0:
        return
    refused = around.refused_after(end)
    if refused > 0 and op is not None and op in FLIPPED:
        strict = next((one for one in (before.op, after.op) if one in EXACT), op)
        op, end = FLIPPED[strict if strict[0] == op[0] else op], refused
    if op is None:
        op = _bare(quantity, (field, factor), bool(near), before, said)
        if op is None:
            return
        start = before.start if near or before.weak else quantity.start
        pair = [one for one, _ in candidates if one.bound and one.dimension == field.dimension]
        if len(pair) == 2 and op == ">=":
            # "for four": no more than four must play, and four may
            for one in pair:
                yield one.field, "<=" if one.bound == "min" else ">=", quantity.low, start, end
            return
    if (origin := _FROM.match(said, end)) and origin[1] in field.field.rpartition(".")[2].split("_"):
        end = origin.end()
    for bound, value in _bounds(quantity, op):
        yield field.field, bound, _rounded(value * factor), start, end


def _is_a_year(quantity: Quantity, before: Before, said: str) -> bool:
    """Whether "about 1984" speaks of a year or a title rather than of a price."""
    digits = said[quantity.start : quantity.end]
    bare = quantity.measures is None and before.op == "~" and digits.isdigit() and not before.names
    return bare and 1900 <= quantity.low < 2100 and quantity.low % 100 != 0


def _name_after(said: str, place: int, reader: Reader) -> tuple[str, int]:
    """The name right after a limit (4.5以上的评分, 500 pages long) and its end; "" for none."""
    link = _NAME_AFTER.match(said, place)
    name = reader.names.match(said, link.end() if link else place)
    return (name.group(), name.end()) if name else ("", place)


def _meant(quantity: Quantity, near: Sequence[str], reader: Reader) -> list[Meant]:
    """The fields that a number can be of."""
    if quantity.measures is None:
        if near:
            return [(field, _score_factor(field, quantity)) for field in reader.named[near[0]]]
        if quantity.noun.endswith("s") and not quantity.noun.endswith("ss") and quantity.high <= COUNTABLE:
            return []
        return [(field, 1.0) for field in reader.of_dimension(MONEY)]
    meant = [
        (field, unit / field.scale if unit else _score_factor(field, quantity))
        for dimension, unit in quantity.measures
        for field in reader.of_dimension(dimension)
    ]
    if quantity.unit == "/":
        return [one for one in meant if "rating" in one[0].groups] or meant
    return meant


def _score_factor(field: NumericField, quantity: Quantity) -> float:
    """Stars are of five; points are as the field has them, but more than five on a scale of five are of ten."""
    if field.dimension != SCORE:
        return 1.0
    if quantity.unit in ("星", "星级", "颗星", "star", "stars"):
        return 1.0 / field.scale
    return 0.5 if field.scale == 1.0 and 5 < quantity.low <= 10 and field.high <= 5 else 1.0


def _comparison(
    quantity: Quantity, before: Before, after: After, around: Surroundings, field: NumericField
) -> tuple[Op | None, int]:
    """(operator, where the limit's words start); no operator where nothing compares, start -1 where it is no limit."""
    ops = [op for op in (before.op, after.op) if op is not None and op in FLIPPED]
    op = FLIPPED[ops[0]] if ops and before.negated else ops[0] if ops else None
    negated = before.refusing
    refusing = None if before.refusing else around.refused_from(before.start)
    if op is None:
        if before.negated or (refusing and not refusing[1]):
            return None, -1  # a value refused is no border
        about = quantity.about or "~" in (before.op, after.op)
        timed = field.dimension in ("time", MONEY) and quantity.measures is not None
        weak = (before.weak == "budget" or (timed and before.weak == "have")) and not quantity.span
        return ("~" if about else "<=" if weak or (timed and after.done) else None), before.start
    start = before.start
    if refusing and (refusing[1] == 0 or FLIPPED[op] in ("<=", "<")):
        op, negated = FLIPPED[op], True
        start = refusing[0] if refusing[1] <= 1 else start
    return (op if negated else INCLUSIVE.get(op, op)), start


def _bare(quantity: Quantity, meant: Meant, near: bool, before: Before, said: str) -> Op | None:
    """The operator of a number that nothing compares; None where it is no limit at all."""
    field, factor = meant
    if quantity.low <= 0 or (quantity.low == 1 and quantity.unit in PEOPLE):
        return None
    if quantity.measures is None and near:
        counts = field.dimension not in MEASURED and not field.groups & HEADS
        return None if counts or said[quantity.start : quantity.end] == "one" else field.bare or "~"
    if quantity.measures is None:
        if quantity.span:
            plain_end = bool(_ENDS.match(said, quantity.end))
            fits = quantity.low >= LEAST_SPAN if plain_end else quantity.low >= 100 and not quantity.noun
        else:
            fits = quantity.low >= LEAST_BARE and said.startswith("的", quantity.end)
            fits = fits and said[quantity.end - 1] != "k" and not _NAMED_BEFORE.search(said, 0, quantity.start)
        return "~" if fits else None
    if field.dimension == MONEY:
        return "~"
    if near or field.field == "year":
        return field.bare or "~"
    if field.bare is None:
        return None
    if field.dimension == SCORE or field.groups & HEADS:
        return field.bare
    value = quantity.high * factor
    single = quantity.unit.isascii() and not quantity.unit.endswith("s")
    whole = not (said[: quantity.start] + said[quantity.end :]).strip()
    owned = quantity.span or whole or (_SINGLE if single else _OWNED).match(said, quantity.end)
    return field.bare if owned and field.low / SLACK <= value <= field.high * SLACK else None


def _bounds(quantity: Quantity, op: Op) -> Iterator[tuple[Op, float]]:
    """A span is two borders unless one of its ends is the limit (两三百以内)."""
    if op in ("<=", "<"):
        yield op, quantity.high
    elif op in (">=", ">") or not quantity.span:
        yield op, quantity.low
    else:
        yield ">=", quantity.low
        if quantity.high < inf:
            yield "<=", quantity.high


def _rounded(value: float) -> float:
    """Without the dust of converted units (0.5 km, not 0.50000001)."""
    return float(f"{value:.9g}")
