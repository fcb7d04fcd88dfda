"""Whether the numbers and prices of a line are those of its request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.phrasing.check.numbers import MONEY, Amount, amounts
from bot.phrasing.check.source import items_of
from bot.phrasing.check.violation import Violation
from bot.phrasing.requests import AnswerLine, ItemLine, LineRequest
from retrieval.segment import fold

FREE = re.compile(r"免费|不要钱|(?<![\w-])free(?![\w-])|for free\b", re.IGNORECASE)
OF_THE_WISH = re.compile(
    r"以内|以下|之内|不超过|没超|没到|不到|预算|你说的|你要的|左右|上下|under|below|budget|limit|within|around|about|"
    r"you asked|you said|up to|less than|cap|ceiling|over|above|超|多",
    re.IGNORECASE,
)


def wrong_numbers(
    line: str, request: LineRequest, source: str, known: Mapping[float, frozenset[str]]
) -> Iterator[Violation]:
    """Numbers that the source lacks, that count another thing there, or that are no price of the item."""
    for amount in amounts(line):
        units = known.get(amount.value)
        if units is None:
            yield Violation("number", amount.text)
        elif (
            amount.is_money and not units & (amount.units - MONEY) and not _is_said_price(amount, units, request, line)
        ):
            yield Violation("price", amount.text)
        elif amount.units and "" not in units and not amount.units & units:
            yield Violation("price" if amount.is_money else "unit", amount.text)
    for match in FREE.finditer(line):
        if not FREE.search(source) and not any(item.price == 0 for item in items_of(request)):
            yield Violation("price", match.group())


def _is_said_price(amount: Amount, units: frozenset[str], request: LineRequest, line: str) -> bool:
    """Whether an amount of money is the item's price in its currency, or said beside it, or of the wish.

    What is not for sale may tell of money (a prize).
    """
    if not isinstance(request, ItemLine | AnswerLine):
        return not units & MONEY or bool(amount.units & units)
    item = request.item
    code = item.currency or "CNY"
    if amount.value == item.price:
        return code in amount.units or code not in MONEY
    given = request.reasons if isinstance(request, ItemLine) else [text for pair in request.asked for text in pair]
    if any(a.value == amount.value and a.units & amount.units for text in given for a in amounts(text)):
        return True
    if item.price is None:
        return any(a.value == amount.value and a.is_money for a in amounts(item.description))
    said = item.price in {a.value for a in amounts(line)}
    wished = amount.value in {a.value for a in amounts(fold(request.wish))}
    return said or bool(OF_THE_WISH.search(line) and wished)
