import pytest

from bot.understanding.limits import limits
from bot.understanding.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("300", 300),
        ("1,200", 1200),
        ("1.5k", 1500),
        ("3百", 300),
        ("三百", 300),
        ("一百五", 150),
        ("一百零五", 105),
        ("两千", 2000),
        ("一千二", 1200),
        ("一万二", 12000),
        ("十五", 15),
        ("二十", 20),
    ],
)
def test_numbers_in_both_scripts(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "衣服", "三五", "abc", ","])
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("300元以内的衣服", [("price", "<=", 300)]),
        ("不超过三百", [("price", "<=", 300)]),
        ("预算500，想买耳机", [("price", "<=", 500)]),
        ("两三百的外套", [("price", ">=", 200), ("price", "<=", 300)]),
        ("200到300元", [("price", ">=", 200), ("price", "<=", 300)]),
        ("一百五左右", [("price", "~", 150)]),
        ("至少1000元的手机", [("price", ">=", 1000)]),
        ("under 300 yuan", [("price", "<=", 300)]),
        ("between 100 and 200", [("price", ">=", 100), ("price", "<=", 200)]),
        ("around $50", [("price", "~", 50)]),
        ("at least 80 dollars", [("price", ">=", 80)]),
        ("90年代的电影", [("year", ">=", 1990), ("year", "<=", 1999)]),
        ("八十年代的歌", [("year", ">=", 1980), ("year", "<=", 1989)]),
        ("2010年以后的片子", [("year", ">=", 2010)]),
        ("films before 1990", [("year", "<=", 1989)]),
        ("movies from the 1990s", [("year", ">=", 1990), ("year", "<=", 1999)]),
        ("2019年的", [("year", "==", 2019)]),
    ],
)
def test_limits_said_in_words(text: str, expected: list[tuple[str, str, float]]) -> None:
    assert [(c.field, c.op, c.value) for c in limits(text)] == expected


@pytest.mark.parametrize(
    "text", ["90分钟以内", "under 90 minutes", "我有两三个朋友", "第二个", "给5岁的孩子", "共12集"]
)
def test_other_numbers_are_no_prices(text: str) -> None:
    assert limits(text) == ()


def test_a_limit_knows_where_it_was_said() -> None:
    text = "想要300元以内的T恤"
    (limit,) = limits(text)
    assert text[limit.start : limit.end] == limit.text == "300元以内"
