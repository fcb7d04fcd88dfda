"""Limits said in words: price, year and every number that the catalogue's items have, in Chinese and English.

Years first ("2010年以后" is no price), then numbers with what stands around them, then leanings without a number
("不要太长", "highly rated"). No character is read twice, and all are pure functions of the text and the fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from bot.understanding.attributes import YEAR, NumericField
from bot.understanding.comparing import relative
from bot.understanding.comparisons import Surroundings
from bot.understanding.leanings import leanings
from bot.understanding.lifting import lifted, lifted_spans, without_lifted
from bot.understanding.measuring import Reader, measured, preferred, reader_of
from bot.understanding.numbers import plain
from bot.understanding.turn import Constraint
from bot.understanding.years import this_year, years

__all__ = ["lifted", "lifted_spans", "limits", "relative"]

FREE = re.compile(
    r"(?<![不没非])(?<!不要)(?<!不是)(?<!不想要)(?:免费|不(?:要|花|用花|收)钱|零元|不收费)(?![吗么不呢?？])"
    r"|(?<![a-z-])(?:free of charge|for free|(?:(?<=any )|(?<=some )|(?<=a )|(?<=the )|(?<=for )|(?<=are )|(?<=is )"
    r"|(?<=that's )|(?<=it's )|(?<=they're )|(?<=be )|(?<=something )"
    r"|(?<=anything )|(?<=completely )|(?<=totally )|(?<=only )|^)free)"
    r"(?![a-z-]| (?:time|of|from|to|shipping|delivery|wi|evening|afternoon|morning|weekend|day|hour|moment|cancel))"
)
"""What costs nothing; "sugar-free" and "free time" are about something else."""


def limits(
    text: str, fields: Sequence[NumericField] = (), *, domains: Collection[str] = (), today: int | None = None
) -> tuple[Constraint, ...]:
    """All limits and leanings in a text, left to right.

    `fields`: what the catalogue has (`attributes.numeric_fields`); none: price and year only. `domains`: where the
    talk is, for a unit that several fields have. `today`: the present year; by the clock where it is not given.
    """
    reader = reader_of(tuple(fields))
    said = without_lifted(plain(text), fields)
    found = list(_of_years(said, text, reader, domains, this_year() if today is None else today))
    for limit in found:
        said = _blank(said, limit.start, limit.end)
    found += measured(said, text, reader, domains)
    for limit in found:
        said = _blank(said, limit.start, limit.end)
    found += _of_free(said, text, fields)
    for limit in found:
        said = _blank(said, limit.start, limit.end)
    found += leanings(said, text, reader.fields, domains)
    return tuple(sorted(found, key=lambda limit: limit.start))


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _of_free(said: str, text: str, fields: Sequence[NumericField]) -> Iterator[Constraint]:
    """That something is to cost nothing, where a catalogue has such things."""
    if any(field.field == "price" and field.low <= 0 for field in fields) and (match := FREE.search(said)):
        start, end = match.span()
        yield Constraint("price", "<=", 0.0, text[start:end], start, end)


def _of_years(said: str, text: str, reader: Reader, domains: Collection[str], today: int) -> Iterator[Constraint]:
    """Limits by years; a refused one turns round (不要2000年以前的, nothing before 2000)."""
    found = years(said, today)
    if not found:
        return
    around = Surroundings(said, reader.names)
    field, _ = preferred([(one, 1.0) for one in reader.of_dimension(YEAR)], (today, today), domains=domains)
    for limit in found:
        start, bounds = limit.start, limit.bounds
        refusing = around.refused_from(start)
        if refusing:
            if len(bounds) != 1 or bounds[0][0] == "==":
                continue  # "not the 90s": no single border says this
            ((op, value),) = bounds
            bounds = ((">=", value + 1),) if op == "<=" else (("<=", value - 1),)
            start = refusing[0] if refusing[1] <= 1 else start
        for op, value in bounds:
            yield Constraint(field.field, op, float(value), text[start : limit.end].strip(), start, limit.end)
