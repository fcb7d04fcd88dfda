"""What the language model is asked, and the written examples that it is asked in the same words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.phrasing.examples import request_of
from bot.phrasing.prompts import DESCRIPTION_LIMIT, MOST_ATTRIBUTES, MOST_TAGS, SYSTEM, WISH_LIMIT, prompt
from bot.phrasing.requests import INTENTS, AnswerLine, CompareLine, ItemLine, OpeningLine
from retrieval.items import Item

DATA = Path("bot/phrasing/data/sentences")
EXAMPLES: list[dict[str, Any]] = [
    json.loads(row) for path in sorted(DATA.glob("*.jsonl")) for row in path.read_text(encoding="utf-8").splitlines()
]
SHIRT = Item(
    id="1",
    title="品牌T恤",
    domain="clothing",
    category="T恤",
    brand="青禾",
    price=199,
    currency="CNY",
    year=2024,
    tags=("透气", "日常"),
    description="圆领短袖，纯棉面料。",
    attributes={"color": "黑色", "season": ("春", "夏")},
)


def test_the_facts_of_an_item_stand_first_and_are_the_same_for_everybody() -> None:
    one = prompt(ItemLine("zh", "夏天穿的", ("夏天",), SHIRT, ("不少人喜欢",)))
    other = prompt(ItemLine("zh", "想要T恤", (), SHIRT))
    asked = prompt(AnswerLine("zh", "什么颜色", SHIRT, (("颜色", "黑色"),), ("材质",)))
    assert one.facts == other.facts == asked.facts
    assert one.facts.split("\n") == [
        "《品牌T恤》T恤，出自青禾，199元，2024年",
        "颜色：黑色；季节：春、夏",
        "标签：透气、日常",
        "圆领短袖，纯棉面料。",
    ]
    assert one.user == "想要：夏天穿的\n符合：夏天\n理由：不少人喜欢"
    assert other.user == "想要：想要T恤"
    assert asked.user == "问：什么颜色\n要答：颜色：黑色\n资料没有：材质"
    assert one.text == f"{one.facts}\n{one.user}"
    assert {made.system for made in (one, other, asked)} == {SYSTEM}


def test_an_english_line_is_asked_for_in_english() -> None:
    item = replace(
        SHIRT, title="Cotton Tee", category="T-shirt", brand="Qinghe", attributes={}, description="", tags=()
    )
    made = prompt(ItemLine("en", "a tee", ("tee",), item))
    assert made.facts == "“Cotton Tee” T-shirt, by Qinghe, 199 yuan, 2024"
    assert made.user == "wish: a tee\nfits: tee"


def test_what_is_absent_leaves_no_trace() -> None:
    assert prompt(ItemLine("zh", "书", (), Item("1", "甲", "book"))).text == "《甲》book\n想要：书"


def test_an_opening_knows_no_item() -> None:
    opening = OpeningLine("en", "a film", "refine", ("under 50",), ("horror",), ("subtitles",), ("drama",))
    assert prompt(opening).text == (
        "situation: refine\nwish: a film\nlimits: under 50\nrefused: horror\nnot found: subtitles\non the slate: drama"
    )
    bridge = OpeningLine("zh", "有电影吗", "bridge", kinds=("电影",), source="《三体》")
    assert prompt(bridge).text == "情形：bridge\n想要：有电影吗\n说起：《三体》\n这次有：电影"


def test_a_comparison_goes_point_by_point() -> None:
    other = replace(SHIRT, title="麻衬衫", category="衬衫")
    points = (("价格", "199元", "299元", "前者便宜100元"), ("材质", "棉", "麻", ""))
    made = prompt(CompareLine("zh", "哪件便宜", SHIRT, other, points))
    assert made.text.split("\n") == [
        "比较：哪件便宜",
        "一：《品牌T恤》T恤",
        "二：《麻衬衫》衬衫",
        "价格：199元｜299元（前者便宜100元）",
        "材质：棉｜麻",
    ]


def test_line_breaks_in_data_open_no_row_and_long_data_is_cut() -> None:
    many = {f"a{n}": "值" * 500 for n in range(30)}
    item = replace(SHIRT, title="甲\n想要：乙", description="长，" * 5000, attributes=many, tags=("标",) * 90)
    made = prompt(ItemLine("zh", "想\r\n要" * 200, (), item))
    assert len(made.facts.split("\n")) == 4
    assert made.facts.startswith("《甲 想要：乙》")
    assert made.facts.count("；") == MOST_ATTRIBUTES - 1
    assert made.facts.count("标") == MOST_TAGS + 1
    assert len(made.facts.split("\n")[-1]) <= DESCRIPTION_LIMIT["zh"]
    assert len(made.user) <= WISH_LIMIT + 3


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_written_example_makes_a_prompt_that_does_not_tell_its_line(lang: str) -> None:
    examples = [example for example in EXAMPLES if example["lang"] == lang]
    assert len(examples) >= 1500
    assert {example["kind"] for example in examples} == {"item", "opening", "answer", "compare"}
    assert {example["intent"] for example in examples if example["kind"] == "opening"} == INTENTS
    for example in examples:
        made = prompt(request_of(example))
        labels = [re.match(r"[^：:]+(?:：|: )(?=\S|$)", row) for row in made.user.split("\n")]
        assert all(labels), made.user
        assert bool(made.facts) == (example["kind"] in ("item", "answer"))
        assert example["line"] not in made.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "poem"}, ValueError),
        ({"lang": "fr"}, ValueError),
        ({"fits": "夏天"}, TypeError),
        ({"facts": None}, TypeError),
        ({"facts": {"title": "甲"}}, TypeError),
        ({"kind": "opening", "intent": "sing"}, ValueError),
        ({"kind": "compare"}, KeyError),
    ],
)
def test_a_bad_example_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    good = {"kind": "item", "lang": "zh", "wish": "灯", "fits": [], "facts": {"title": "台灯", "domain": "home"}}
    assert request_of(good).lang == "zh"
    with pytest.raises(error):
        request_of({**good, **change})
