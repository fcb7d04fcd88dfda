"""Facts as short texts."""

from __future__ import annotations

import pytest

from bot.phrasing.facts import facts, label, number, price
from retrieval.items import Item


@pytest.mark.parametrize(
    ("value", "text"), [(199.0, "199"), (9.9, "9.9"), (9.95, "9.95"), (0.001, "0"), (1999.999, "2000"), (100, "100")]
)
def test_numbers_are_said_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("amount", "currency", "zh", "en"),
    [
        (199.0, "CNY", "199元", "199 yuan"),
        (199.0, "", "199元", "199 yuan"),
        (9.5, "USD", "9.5美元", "$9.5"),
        (3000.0, "JPY", "3000日元", "¥3000"),
        (20.0, "SEK", "20 SEK", "20 SEK"),
        (0.0, "CNY", "免费", "free"),
        (None, "CNY", "", ""),
    ],
)
def test_a_price_is_said_in_its_currency(amount: float | None, currency: str, zh: str, en: str) -> None:
    item = Item("1", "甲", "book", price=amount, currency=currency)
    assert (price(item, "zh"), price(item, "en")) == (zh, en)


def test_facts_are_what_there_is_and_nothing_else() -> None:
    assert dict(facts(Item("1", "甲", "book"), "zh")) == {"title": "甲", "category": "book"}
    item = Item("2", "乙", "film", year=1982, attributes={"waterproof": True, "color": ("黑", "白"), "weeks": 3})
    said = dict(facts(item, "zh"))
    assert "price" not in said
    assert (said["waterproof"], said["color"], said["weeks"], said["year"]) == ("是", "黑、白", "3", "1982")
    assert dict(facts(item, "en"))["waterproof"] == "yes"
    assert (label("color", "zh"), label("lens_type", "en")) == ("颜色", "lens type")
