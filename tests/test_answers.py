"""Answers and comparisons from facts: what is there is said, what is not is admitted, nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.policy.answers import answer
from bot.policy.comparing import among, comparison
from bot.policy.points import compared
from bot.reply import Card
from bot.understanding.turn import Intent, Reference, Turn
from retrieval.items import Item

FILM = Item(
    "f1", "慢船", "film", category="剧情片", brand="林青", year=1999, tags=("安静", "海"),
    description="一条船开了很久。", attributes={"duration_minutes": 97, "language": ("普通话", "英语")},
)  # fmt: skip
LONGER = replace(
    FILM, id="f2", title="快船", brand="周白", year=2010, tags=("安静", "冒险"),
    attributes={"duration_minutes": 117, "language": ("普通话", "英语"), "award": "最佳摄影", "equipment": "望远镜"},
)  # fmt: skip
SHIRT = Item("s1", "Plain Shirt", "clothing", category="shirt", price=199, currency="CNY", attributes={"weight_g": 210})
COAT = Item("s2", "Warm Coat", "clothing", category="coat", price=299, currency="CNY", attributes={"weight_g": 900})


def card(item: Item, *fits: str) -> Card:
    return Card(item, 1.0, {}, (), fits)


@pytest.mark.parametrize(
    ("asked", "zh"),
    [
        ("year", "《慢船》是1999年的。"),
        ("brand", "《慢船》出自林青。"),
        ("attributes.duration_minutes", "《慢船》的时长是97分钟。"),
        ("attributes.language", "《慢船》的语言：普通话、英语。"),
        ("price", "资料里没有提到《慢船》的价格。"),
        ("attributes.waterproof", "资料里没有提到《慢船》的防水。"),
        ("available", "《慢船》目前有。"),
        ("description", "《慢船》：一条船开了很久。"),
    ],
)
def test_what_is_asked_is_answered_from_the_facts(asked: str, zh: str) -> None:
    assert answer([FILM], [asked], "zh") == zh


def test_the_same_in_english() -> None:
    asked = ["price", "attributes.weight_g", "year", "attributes.color"]
    assert answer([SHIRT], asked, "en") == (
        "“Plain Shirt” costs 199 yuan. The weight of “Plain Shirt” is 210 g. "
        "The data says nothing about the year of “Plain Shirt”. "
        "The data says nothing about the color of “Plain Shirt”."
    )
    assert answer([replace(SHIRT, price=0.0)], ["price"], "en") == "“Plain Shirt” is free."


def test_asked_in_general_it_says_what_it_is_and_what_it_costs() -> None:
    assert answer([FILM], [], "zh") == "《慢船》是林青1999年的剧情片。一条船开了很久。"
    assert answer([SHIRT], [], "en") == "“Plain Shirt”: shirt. “Plain Shirt” costs 199 yuan."
    assert answer([replace(FILM, description="")], [], "zh") == "《慢船》是林青1999年的剧情片。"


def test_several_items_are_answered_one_after_another() -> None:
    assert answer([FILM, LONGER], ["year"], "zh") == "《慢船》是1999年的。《快船》是2010年的。"


def test_two_are_compared_point_by_point() -> None:
    said = comparison(card(FILM), card(LONGER), [], "zh")
    for point in (
        "《慢船》和《快船》都是剧情片。",
        "年份：前者1999，后者2010，后者晚11年。",
        "时长：前者97分钟，后者117分钟，前者短20分钟。",
        "语言都是普通话、英语。",
        "器材：前者资料没写，后者望远镜。",
        "前者独有的标签：海。",
        "后者独有的标签：冒险。",
    ):
        assert point in said
    assert "最佳摄影" not in said  # the attribute has no Chinese name
    assert "Award: not stated" in comparison(card(FILM), card(replace(LONGER, attributes={"award": "x"})), [], "en")


def test_numbers_are_set_against_one_another() -> None:
    said = comparison(card(SHIRT), card(COAT), [], "en")
    assert "Price: 199 yuan for the first, 299 yuan for the second; the first is 100 yuan cheaper." in said
    assert "the first is 690 g lighter" in said
    assert said.endswith("If the price decides, “Plain Shirt” costs less.")
    foreign = comparison(card(SHIRT), card(replace(COAT, currency="USD")), [], "en")
    assert "cheaper" not in foreign
    assert "costs less" not in foreign


def test_only_the_points_that_were_asked_for() -> None:
    said = comparison(card(FILM), card(LONGER), ["year", "price"], "zh")
    assert "时长" not in said
    assert "更在意" not in said
    assert "价格，两样的资料里都没写。" in said


def test_the_conclusion_follows_from_what_was_said_or_from_nothing() -> None:
    assert comparison(card(FILM, "安静", "海"), card(LONGER, "安静"), [], "zh").endswith("就你说的“海”，《慢船》更合。")
    assert comparison(card(FILM, "海"), card(LONGER, "冒险"), [], "zh").endswith(
        "你说的“海”合《慢船》，“冒险”合《快船》。"
    )
    for nothing in (card(FILM), card(FILM, "慢船")):
        assert comparison(nothing, card(LONGER), [], "zh").endswith("看你更在意哪一点。")


def test_no_number_comes_from_nowhere() -> None:
    numbers = set(re.findall(r"\d+", comparison(card(FILM), card(LONGER), [], "zh")))
    assert numbers <= {"97", "117", "20", "1999", "2010", "11"}


def test_braces_in_data_are_only_text() -> None:
    assert "{x}" in answer([replace(FILM, title="{x}", brand="{0}")], ["brand"], "zh")
    assert "{x}" in comparison(card(replace(FILM, title="{x}")), card(LONGER), [], "zh")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("哪个便宜", ("price",)),
        ("哪部更长", ("attributes.duration_minutes",)),
        ("哪个新一点", ("year",)),
        ("which one is older?", ("year",)),
        ("Which is longer and which is cheaper?", ("price", "attributes.duration_minutes")),
        ("which is lighter?", ()),
        ("它们有什么区别", ()),
        ("这两个比一比", ()),
    ],
)
def test_the_point_of_a_comparison_is_heard(text: str, fields: tuple[str, ...]) -> None:
    assert compared(Turn(text, "zh", Intent.COMPARE), (FILM, LONGER)) == fields


def test_words_in_a_title_are_no_point() -> None:
    named = Turn("哪老人便宜", "zh", Intent.COMPARE, references=(Reference("老人", 1, 3, ("x",)),))
    assert compared(named, (FILM, LONGER)) == ("price",)


PLACE = Item(
    "p", "海边小屋", "stay", attributes={"可带宠物": True, "pet_friendly": False, "有花园": False, "早餐": True}
)


@pytest.mark.parametrize(
    ("field", "zh", "en"),
    [
        ("attributes.可带宠物", "是的，“海边小屋”可带宠物。", ""),
        ("attributes.有花园", "没有，“海边小屋”没有花园。", ""),
        ("attributes.早餐", "是的，“海边小屋”注明了早餐。", ""),
        ("attributes.pet_friendly", "不，“海边小屋”不可带宠物。", "No, “海边小屋” is not listed as pet friendly."),
    ],
)
def test_yes_and_no_are_answers(field: str, zh: str, en: str) -> None:
    assert answer([PLACE], [field], "zh") == zh
    assert not en or answer([PLACE], [field], "en") == en


def test_what_is_included_is_included() -> None:
    inn = Item("i", "Inn", "stay", attributes={"breakfast_included": False})
    assert answer([inn], ["attributes.breakfast_included"], "en") == "No, “Inn” does not include breakfast."


def test_several_are_set_side_by_side_with_both_ends() -> None:
    items = [Item(str(price), f"Pot {price}", "home", price=price, currency="USD") for price in (30, 10, 20)]
    assert among(items, (), "en") == (
        "Price: “Pot 30” $30, “Pot 10” $10, “Pot 20” $20. The cheapest is “Pot 10”, the dearest is “Pot 30”."
    )


def test_the_same_list_in_another_order_is_the_same() -> None:
    one, two = (Item(str(i), str(i), "x", attributes={"color": c}) for i, c in enumerate((("黑", "绿"), ("绿", "黑"))))
    told = comparison(Card(one, 0.0, {}, ()), Card(two, 0.0, {}, ()), ["attributes.color"], "zh")
    assert "颜色都是黑、绿。" in told
