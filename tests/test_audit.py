"""The audit of the words: what its matching finds and lets pass, over lines of our own, and the figures it makes."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from audit.ground import Ground, Names
from audit.matching import violations
from audit.quantities import quantities
from audit.report import alike, as_json, distinct_2, summary
from audit.sources import audited, held_out, held_out_requests

from bot.phrasing.phraser import Phraser
from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from bot.understanding.vocabulary import Vocabulary
from retrieval.catalogue import build
from retrieval.items import Item

SHIRT = Item(
    "s", "灰雀衬衫", "clothing", category="衬衫", brand="灰雀", price=199, currency="CNY", year=2021,
    tags=("透气", "免烫"), description="纯棉长袖，口袋两个，洗后三十分钟晾干。",
    attributes={"color": ("白色", "藏青"), "season": "夏季", "weight_g": 180, "waterproof": False},
)  # fmt: skip
FILM = Item(
    "f", "Paper Kites", "film", category="family film", brand="Ana Lund", price=12, currency="USD", year=2017,
    tags=("gentle", "seaside"), description="Two sisters repair kites for a whole summer.",
    attributes={"duration_minutes": 90, "age": "6"},
)  # fmt: skip
OTHER = Item("o", "海上的钟声", "book", brand="林渡", price=45, currency="CNY")
NAMES = Names.of([SHIRT, FILM, OTHER])
ZH = ItemLine(
    "zh", "给我爸找件夏天穿的衬衫，两百以内", ("衬衫", "夏天"), SHIRT, ("和你买过的“海鸥裤”相近", "比上一件便宜20元")
)
EN = ItemLine("en", "a film for my daughter, 6", ("film",), FILM)
ANSWER = AnswerLine("zh", "多重，防晒吗", SHIRT, (("重量", "180克"),), ("防晒",))
POINTS = (("时长", "90分钟", "120分钟", "第一部短30分钟"),)
COMPARE = CompareLine("zh", "哪个短", Item("1", "山雨", "film"), Item("2", "海雾", "film"), POINTS)
OPENING = OpeningLine("en", "something cheap", "recommend", limits=("under 50 yuan",), kinds=("films",))

TRUE = [
    (ZH, "纯棉的灰雀衬衫，白色和藏青都有，199元，在两百以内。"),
    (ZH, "一百八十克重，洗后半小时多就干，夏季给爸爸穿，和你买过的海鸥裤相近。"),
    (ZH, "便宜20元，不防水，2021年的。"),
    (EN, "An hour and a half by Ana Lund, gentle and by the seaside; 12 dollars."),
    (EN, "At 1 hour 30 minutes, two sisters repair kites, for age 6 like your daughter."),
    (ANSWER, "重180克，防晒资料没有写。"),
    (COMPARE, "《山雨》90分钟，《海雾》120分钟，第一部短30分钟。"),
    (OPENING, "These films stay under 50 yuan."),
]
FALSE: list[tuple[LineRequest, str, str]] = [
    (ZH, "纯棉的，口袋五个。", "number"),
    (ZH, "纯棉的，重180页。", "number"),
    (ZH, "纯棉的，45元。", "number"),
    (ZH, "纯棉的，199美元。", "number"),
    (ZH, "纯棉的，还免费。", "free"),
    (ZH, "和《海上的钟声》一样好穿。", "title"),
    (ZH, "读过海上的钟声的人也穿它。", "title"),
    (ZH, "出自林渡，透气。", "brand"),
    (ZH, "导演是王水，透气。", "name"),
    (ZH, "透气的墨绿衬衫。", "colour"),
    (ZH, "透气的红色衬衫。", "colour"),
    (ZH, "羊绒的，透气。", "material"),
    (ZH, "透气，老师也能穿。", "audience"),
    (ZH, "夏天最好的衬衫。", "superlative"),
    (ZH, "穿上能缓解疲劳。", "health"),
    (ZH, "不透气，适合夏天。", "negation"),
    (ZH, "纯棉，也防水。", "negation"),
    (ZH, "A cotton shirt with long sleeves.", "language"),
    (ZH, "纯棉，透气，", "form"),
    (ZH, "纯棉，，透气。", "form"),
    (ZH, "纯棉，透气和。", "form"),
    (EN, "a gentle film by the seaside.", "form"),
    (ANSWER, "重量是180克。重量是180克。防晒没有写。", "form"),
    (ZH, "纯棉的，要不要看看？", "manner"),
    (ZH, "保证穿着透气。", "manner"),
    (ZH, "和你喜欢的海鸥裤相近。", "act"),
    (ZH, "比上一件贵20元。", "direction"),
    (EN, "A film of forty minutes.", "number"),
    (EN, "A film of 90 pages.", "number"),
    (EN, "A film for £12.", "number"),
    (EN, "A gentle film by Sofia Reyes.", "name"),
    (EN, "A gentle film with a purple kite.", "colour"),
    (EN, "A gentle film for students.", "audience"),
    (EN, "The best film by the seaside.", "superlative"),
    (EN, "A film that relieves stress.", "health"),
    (EN, "A film, not gentle, by the seaside.", "negation"),
    (EN, "A gentle 电影 by the seaside.", "language"),
    (EN, "A gentle film by the seaside and.", "form"),
    (EN, "A gentle film about {title}.", "form"),
    (EN, "A film that you'll love.", "manner"),
    (ANSWER, "很轻，防晒没有写。", "unanswered"),
    (ANSWER, "重180克，防晒。", "unanswered"),
    (COMPARE, "《山雨》120分钟，短一些。", "side"),
    (OPENING, "These films cost under 30 yuan.", "number"),
]


@pytest.mark.parametrize(("request_", "line"), TRUE)
def test_true_lines_pass(request_: LineRequest, line: str) -> None:
    assert not violations(Ground(request_, NAMES), line)


@pytest.mark.parametrize(("request_", "line", "kind"), FALSE)
def test_what_is_not_so_is_found(request_: LineRequest, line: str, kind: str) -> None:
    assert kind in {found.kind for found in violations(Ground(request_, NAMES), line)}


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("三百五十页", 350, "page"), ("两百块", 200, "money CNY"), ("1.5小时", 90, "time"), ("一个半小时", 90, "time"),
        ("twenty-five minutes", 25, "time"), ("one hundred and three pages", 103, "page"), ("HK$30", 30, "money HKD"),
        ("1993年", 1993, "year"), ("八成", 80, "percent"), ("1,200 grams", 1200, "mass"), ("3–6岁", 3, "age"),
        ("三千五", 3500, ""), ("3万块", 30_000, "money CNY"),
    ],
)  # fmt: skip
def test_numbers_are_read_with_what_they_count(text: str, value: float, dimension: str) -> None:
    first = quantities(text)[0]
    assert first.value == pytest.approx(value)
    assert first.dimension == dimension


def test_numerals_within_words_are_no_numbers() -> None:
    assert not quantities("十分百搭，四季都能穿，千万别错过三明治")


def test_an_opening_that_no_model_wrote_may_speak_of_the_slate() -> None:
    line = "“灰雀衬衫”199元。"
    assert violations(Ground(OPENING, NAMES), line)
    request = OpeningLine("zh", "多少钱", "recommend")
    assert not violations(Ground(request, NAMES, more=(SHIRT,)), line)


def test_beginnings_and_pairs_are_counted() -> None:
    assert alike(["abcdef1", "abcdef2", "abcdeg", "x", "x"]) == (0.4, 0.8)
    assert distinct_2(["a b a b"], "en") == pytest.approx(0.6667)
    assert distinct_2(["甲乙。", "甲乙"], "zh") == 0.5
    assert distinct_2([], "zh") == 0.0


def test_a_reply_is_audited_and_summed_up() -> None:
    vocabulary = Vocabulary(build([SHIRT, FILM], np.eye(2, dtype=np.float32)))
    writing = Phraser(vocabulary).write([OPENING, EN], Event(), floor={"f": "The best film, 40 minutes."})
    list(writing)
    opening, line = audited(writing, NAMES)
    assert not opening.wrong
    assert {found.kind for found in line.wrong} == {"superlative", "number"}
    told = summary([opening, line])
    assert (told["lines"], told["lines with violations"], told["outcomes"]) == (2, 1, {"none": 1.0})
    assert as_json("x", line)["wrong"] == ["number: 40 minutes", "superlative: best"]


def test_plain_sentences_on_the_held_out_examples_are_true() -> None:
    assert len(list(held_out_requests())) >= 300
    lines = [said for reply in held_out(None) for said in reply]
    assert len(lines) >= 400
    assert not [(said.text, said.wrong) for said in lines if said.wrong]
