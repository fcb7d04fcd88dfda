"""Catalogues that nothing in the code knows of."""

from __future__ import annotations

from time import thread_time

import pytest
from heard import LIBRARY, catalogue_of, heard, understander, wished

from bot.understanding.domain_words import learnt_heads
from bot.understanding.names import Line, Names, units
from bot.understanding.turn import Intent
from retrieval.segment import Segmenter, simplified


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("想找个安静的酒店", "hotel"),
        ("能带狗的民宿", "hotel"),
        ("a quiet place to stay", "hotel"),
        ("吃素的餐厅", "restaurant"),
        ("somewhere to eat", "restaurant"),
        ("轻松的徒步", "tour"),
        ("easy hikes in summer", "tour"),
        ("八月有什么活动", "event"),
        ("亲子酒店", "hotel"),
    ],
)
def test_domains_of_a_town(text: str, domain: str) -> None:
    assert [wish.domain for wish in heard(text, name="town").wishes] == [domain]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("海景酒店", "attributes.view", "海景"),
        ("hotel with sea view", "attributes.view", "sea view"),
        ("带早餐的酒店", "attributes.breakfast_included", "true"),
        ("hotel with breakfast", "attributes.breakfast_included", "true"),
        ("pet-friendly hotel", "attributes.pet_friendly", "true"),
        ("我们带着狗", "attributes.pet_friendly", "true"),
        ("吃素的餐厅", "attributes.vegetarian_options", "true"),
        ("室内活动", "attributes.indoor", "true"),
        ("轻松的徒步", "attributes.difficulty", "轻松"),
        ("easy hikes", "attributes.difficulty", "轻松"),
        ("给孩子玩的", "attributes.audience", "儿童"),
        ("八月有什么活动", "attributes.month", "八月"),
        ("不辣的菜", "attributes.spiciness", "不辣"),
        ("French food", "attributes.cuisine", "french"),
    ],
)
def test_limits_of_a_town(text: str, field: str, value: str) -> None:
    values = {limit.field: limit.values for limit in heard(text, name="town").constraints}
    assert value in values[field]


def test_a_word_that_denies_is_no_refusal_where_the_catalogue_has_it() -> None:
    assert heard("不辣的川菜", name="town").refusals == ()
    assert [term.text for term in heard("不要海景的", name="town").refusals] == ["海景"]
    assert [term.text for term in heard("我对海鲜过敏", name="town").refusals] == ["海鲜"]


def test_head_words_of_categories_name_their_domain() -> None:
    assert ("自习室", "room") in set(learnt_heads(catalogue_of(list(LIBRARY))))


@pytest.mark.parametrize(
    ("text", "domain", "words"),
    [
        ("有没有空的自习室", "room", "自习室"),
        ("想借一本悬疑小说", "volume", "悬疑小说"),
        ("a science fiction novel", "volume", "science fiction novel"),
    ],
)
def test_words_of_a_library(text: str, domain: str, words: str) -> None:
    turn = heard(text, name="library")
    assert [wish.domain for wish in turn.wishes] == [domain]
    assert words in wished(turn)


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("给孩子看的", "attributes.reader", ("儿童读者",)),
        ("适合新手的", "attributes.difficulty_level", ("入门",)),
        ("有电子版的小说", "attributes.ebook", ("true",)),
        ("有无线网的自习室", "attributes.wifi", ("true",)),
        ("林夏写的", "brand", ("林夏",)),
        ("二楼的小说", "attributes.shelf", ("二楼",)),
    ],
)
def test_limits_of_a_library(text: str, field: str, values: tuple[str, ...]) -> None:
    found = {limit.field: limit.values for limit in heard(text, name="library").constraints}
    assert set(values) <= set(found[field])


def test_titles_of_a_library() -> None:
    assert heard("《雨夜书店》讲什么", name="library").intent is Intent.ABOUT
    assert [r.item_ids for r in heard("beyond the star charts", name="library").references] == [("l3",)]


NAMES = Names(
    [
        ("三体", 0),
        ("三体Ⅱ：黑暗森林", 1),
        ("流浪地球", 2),
        ("流浪地球2", 3),
        ("银河系搭车客指南", 4),
        ("The Lord of the Rings: The Fellowship of the Ring", 5),
        ("WALL-E", 6),
        ("E.T.外星人", 7),
        ("Journey to the West (1986)", 8),
        ("Amélie", 9),
        ("Schindler's List", 10),
    ]
)


@pytest.mark.parametrize(
    ("text", "place", "how"),
    [
        ("三体", 0, "whole"),
        ("黑暗森林", 1, "part"),
        ("三体2", 1, "part"),
        ("流浪地球2", 3, "whole"),
        ("银河系搭车", 4, "beginning"),
        ("银河系搭车指南", 4, "slip"),
        ("银河戏搭车客指南", 4, "slip"),
        ("lord of the rings", 5, "part"),
        ("wall e", 6, "whole"),
        ("walle", 6, "part"),
        ("ET外星人", 7, "whole"),
        ("journey to the west", 8, "part"),
        ("amelie", 9, "whole"),
        ("schindlers list", 10, "whole"),
    ],
)
def test_names_in_part_and_with_a_slip(text: str, place: int, how: str) -> None:
    line = Line(units(text))
    found = NAMES.at(line, 0, NAMES.slips(line))
    assert found is not None
    assert (found.positions, found.how) == ((place,), how)


def test_traditional_characters_keep_their_places() -> None:
    text = "我想看科幻電影，５個"
    assert simplified(text) == "我想看科幻电影,5个"
    assert [token.text for token in Segmenter().tokens(text)][-1] == "個"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("horor", "horror"), ("jeens", "jeans"), ("sience", "science"), ("horse", "horse"), ("cat", "cat")],
)
def test_spelling(said: str, meant: str) -> None:
    assert understander("sample").vocabulary.spelling.nearest(said) == meant


def test_a_message_costs_little() -> None:
    texts = ("我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤", "films like Interstellar, but not too long") * 20
    heard(texts[0])
    before = thread_time()
    for text in texts:
        heard(text)
    assert (thread_time() - before) / len(texts) < 0.02
