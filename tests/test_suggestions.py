"""What a new visitor is offered to say: of this catalogue, in either language."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bot.bot import Mind
from bot.web.suggestions import MOST_KEPT, Suggestions, suggestions
from bot.web.texts import EXAMPLES
from errors import Lang, NotReady
from retrieval.items import Item

TOWN = [
    ("海景酒店", "酒店", "boutique hotel", ("海景", "安静"), ("sea view", "quiet"), 480.0),
    ("山居", "酒店", "boutique hotel", ("海景", "可带宠物"), ("sea view", "pets"), 520.0),
    ("老街客栈", "酒店", "boutique hotel", ("可带宠物",), ("pets",), 260.0),
    ("河畔小筑", "酒店", "boutique hotel", ("河边",), ("river",), 310.0),
    ("湖边", "酒店", "boutique hotel", ("湖",), ("lake",), 620.0),
    ("爵士之夜", "爵士乐", "Jazz", ("现场演出",), ("live",), None),
    ("雨夜", "爵士乐", "Jazz", ("现场演出",), ("live",), None),
    ("独奏", "爵士乐", "Jazz", ("独奏",), ("solo",), None),
]


def town(kind: str = "stay") -> list[Item]:
    return [
        Item(
            str(i), title, kind if zh == "酒店" else "evening", category=zh, price=price, currency="CNY", tags=tags,
            i18n={"en": {"category": en, "tags": tags_en, "description": f"A small hotel by the water, number {i}."}},
        )
        for i, (title, zh, en, tags, tags_en, price) in enumerate(TOWN)
    ]  # fmt: skip


def test_another_catalogue_is_spoken_of_in_its_own_words() -> None:
    assert suggestions(town(), "zh") == [
        "想看看海景酒店",
        "想看看爵士乐，要现场演出的",
        "500元以内的酒店",
        "随便看看，给我点惊喜",
    ]
    assert suggestions(town(), "en") == [
        "Show me sea-view boutique hotels", "Anything in jazz?", "Boutique hotels under 500 yuan", "Surprise me",
    ]  # fmt: skip


def test_kinds_without_a_name_in_the_language_are_left_out() -> None:
    bare = [Item(item.id, item.title, "stay", category=item.category, price=200) for item in town()]
    assert suggestions(bare, "en") == ["Surprise me"]
    assert suggestions([], "zh") == ["随便看看，给我点惊喜"]


def test_a_well_known_example_is_offered_only_where_it_can_be_answered() -> None:
    novels = [Item(str(i), f"书{i}", "book", category="推理小说") for i in range(3)]
    assert suggestions(novels, "zh")[0] == EXAMPLES["book"].zh
    poems = [Item(str(i), f"诗{i}", "book", category="诗集") for i in range(3)]
    assert suggestions(poems, "zh") == ["想看看诗集", "随便看看，给我点惊喜"]


@pytest.mark.parametrize(
    ("category", "description", "said"),
    [
        ("Seafood restaurant", "", "Show me seafood restaurants"),
        ("Lighthouse", "", "Show me lighthouses"),
        ("Gazebo", "A gazebo near the station.", "Show me gazebos"),
        ("city", "It is a city with towers.", "Show me cities"),
        ("T-shirts", "", "Show me T-shirts"),
        ("TV series", "", "Show me TV series"),
        ("Physics", "", "Anything in physics?"),
        ("Classical", "A classical concert.", "Anything in classical?"),
    ],
)
def test_english_is_plural_only_where_things_are_counted(category: str, description: str, said: str) -> None:
    items = [Item(str(i), f"n{i}", "thing", category=category, description=description) for i in range(2)]
    assert suggestions(items, "en")[0] == said


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sample_catalogue_answers_its_examples(mind: Mind, lang: Lang) -> None:
    offered = Suggestions(lambda: mind.recommender.shelf.catalogue)(lang)
    assert offered == [EXAMPLES[name].said(lang) for name in ("clothing", "film", "book", "course")]


def test_they_are_made_once_for_a_catalogue() -> None:
    class Small(NamedTuple):
        items: tuple[Item, ...]

    catalogue = Small(tuple(town()))
    offer = Suggestions(lambda: catalogue)
    assert offer("zh") is offer("zh")
    first, catalogue = offer("zh"), Small(())
    assert offer("zh") != first


def test_only_so_many_parts_of_a_catalogue_are_remembered() -> None:
    class Small(NamedTuple):
        items: tuple[Item, ...]

    catalogue = Small(tuple(town()))
    offer = Suggestions(lambda: catalogue)
    assert offer("zh", ["stay"]) == ["想看看海景酒店", "500元以内的酒店", "随便看看，给我点惊喜"]
    assert offer("zh", ["evening"], ["独奏"])[:-1] == []
    for number in range(3 * MOST_KEPT):
        offer("zh", [str(number)])
    assert len(offer._made) <= MOST_KEPT


def test_without_a_catalogue_there_are_none() -> None:
    def loading() -> Suggestions:
        raise NotReady(missing="catalogue")

    with pytest.raises(NotReady):
        Suggestions(loading)("zh")
