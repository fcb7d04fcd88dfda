"""What items share across domains, fields and languages."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.catalogue import build
from retrieval.items import Item
from retrieval.segment import Segmenter
from retrieval.topics import Topics

ITEMS = (
    Item("b1", "三体", "book", category="科幻小说", tags=("科幻", "太空"), i18n={"en": {"tags": ("sci-fi", "space")}}),
    Item("f1", "星际穿越", "film", category="科幻片", tags=("太空",), i18n={"en": {"category": "sci-fi film"}}),
    Item("f2", "霸王别姬", "film", category="剧情片", tags=("京剧",)),
    Item("c1", "T恤", "clothing"),
    *(Item(f"r{i}", f"汤{i}", "recipe", tags=("暖和",)) for i in range(6)),
)


@pytest.fixture(scope="module")
def topics() -> Topics:
    vectors = np.eye(len(ITEMS), dtype=np.float32)
    words = ["科幻", "科幻片", "科幻小说", "剧情片", "太空", "京剧", "暖和"]
    return Topics(build(ITEMS, vectors), Segmenter(words))


def test_a_book_and_a_film_share_what_both_are_about(topics: Topics) -> None:
    overlap = topics.overlap(0)
    assert overlap[0] == pytest.approx(1)
    assert overlap[1] > 0.5
    assert overlap[2:].tolist() == [0] * (len(ITEMS) - 2)


def test_what_most_items_have_and_what_one_alone_has_binds_nothing(topics: Topics) -> None:
    assert topics.overlap(5).tolist() == [0] * len(ITEMS)
    assert topics.overlap(2).tolist() == [0] * len(ITEMS)
    assert topics.overlap(3).tolist() == [0] * len(ITEMS)


def test_some_places_only(topics: Topics) -> None:
    places = np.asarray([3, 1, 0])
    for position in range(len(ITEMS)):
        assert topics.overlap_with(position, places) == pytest.approx(topics.overlap(position)[places])
    assert topics.overlap_with(0, places[:0]).tolist() == []


def test_a_catalogue_without_words_has_no_topics() -> None:
    bare = Topics(build(ITEMS[3:4], np.ones((1, 2), np.float32)), Segmenter())
    assert bare.overlap(0).tolist() == [0]
