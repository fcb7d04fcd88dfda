"""Comparisons with what was shown: 更便宜, 比上一件便宜, 短一点, cheaper than that, 太贵了."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from bot.understanding.attributes import NumericField
from bot.understanding.leanings import fields_of, found_in, leaning_on
from bot.understanding.lifting import without_lifted
from bot.understanding.measuring import reader_of
from bot.understanding.numbers import plain
from bot.understanding.turn import Constraint


def relative(
    text: str, values_of: Mapping[str, Sequence[float]], fields: Sequence[NumericField] = ()
) -> tuple[Constraint, ...]:
    """What is compared with something shown, as limits by its numbers.

    `values_of`: for each field the values of what is referred to, or of the last slate. A field with values gets
    "<" or ">" their mean (of one: itself). Where no field that the words speak of has values, they are no comparison:
    `limits` reads the leaning in them.
    """
    reader = reader_of(tuple(fields))
    found = []
    for leaning in found_in(without_lifted(plain(text), fields)):
        if not leaning.compared:
            continue
        for field in fields_of(leaning.adjective, reader.fields):
            if values := values_of.get(field.field):
                constraint = leaning_on(field.field, leaning, text)
                found.append(replace(constraint, op=">" if leaning.high else "<", value=fmean(values)))
    return tuple(found)
