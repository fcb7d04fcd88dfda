import numpy as np
import pytest

from retrieval.catalogue import build, centre_of, centred, item_texts
from retrieval.items import Item

ITEMS = [
    Item(
        "456",
        "时尚牛仔裤",
        "clothing",
        category="牛仔裤",
        brand="泊川",
        price=299.0,
        tags=("时尚", "Denim"),
        attributes={"color": ("蓝色", "黑色"), "waist_cm": 72, "stretch": True},
        i18n={"en": {"title": "Jeans", "category": "Jeans", "tags": ("denim",), "attributes": {"color": "Blue"}}},
    ),
    Item("f1", "流浪地球", "film", category="科幻片", year=2019, tags=("太空",), available=False),
    Item("f2", "Ｍoon", "film", category="科幻片", year=2009),
]
VECTORS = np.asarray([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)


@pytest.fixture(scope="module")
def catalogue():
    return build(ITEMS, VECTORS)


def test_arrays_stand_beside_the_items(catalogue):
    assert catalogue.position == {"456": 0, "f1": 1, "f2": 2}
    assert catalogue.available.tolist() == [True, False, True]
    assert catalogue.domains == ("clothing", "film")
    assert catalogue.domain_codes.tolist() == [0, 1, 1]
    assert np.array_equal(catalogue.price, [299, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(catalogue.year, [np.nan, 2019, 2009], equal_nan=True)


def test_facets_hold_every_language_folded(catalogue):
    assert catalogue.facets["domain"]["film"].tolist() == [1, 2]
    assert catalogue.facets["category"].keys() == {"牛仔裤", "jeans", "科幻片"}
    assert catalogue.facets["tags"]["denim"].tolist() == [0]
    assert catalogue.facets["attributes.color"].keys() == {"蓝色", "黑色", "blue"}
    assert "attributes.waist_cm" not in catalogue.facets
    assert catalogue.features[1] == {("category", "科幻片"), ("tags", "太空")}


def test_numbers_and_yes_or_no_can_be_limits(catalogue):
    assert catalogue.numbers.keys() == {"attributes.waist_cm"}
    assert np.array_equal(catalogue.values("attributes.waist_cm"), [72, np.nan, np.nan], equal_nan=True)
    assert catalogue.values("price") is catalogue.price
    assert catalogue.values("attributes.stretch") is None
    assert catalogue.facets["attributes.stretch"]["true"].tolist() == [0]
    assert ("attributes.stretch", "true") not in catalogue.features[0]


def test_who_has_what(catalogue):
    assert catalogue.with_values("attributes.color", ["blue", "red"]).tolist() == [True, False, False]
    assert catalogue.in_domain("film").tolist() == [False, True, True]
    assert not catalogue.in_domain("book").any()
    assert catalogue.has("attributes.waist_cm").tolist() == [True, False, False]
    assert catalogue.has("year").tolist() == [False, True, True]
    assert not catalogue.has("attributes.none").any()


def test_domains_apart_only_what_differs_within_one_is_left():
    items = [Item(str(i), str(i), "film" if i < 40 else "book") for i in range(80)]
    topic = np.tile(np.repeat([1.0, -1.0], 20), 2)
    kind = np.repeat([3.0, -3.0], 40)
    vectors = np.stack([kind, topic], axis=1).astype(np.float32)
    told = build(items, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    film, alike, other = (told.apart(np.asarray([i]))[0] for i in (0, 40, 60))
    assert told.centred[0] @ told.centred[40] < 0 < film @ alike
    assert film @ other < film @ alike


def test_centring_takes_away_what_all_share(catalogue):
    assert np.allclose(catalogue.centre, VECTORS.mean(axis=0))
    assert np.allclose(np.linalg.norm(catalogue.centred, axis=1), 1)
    assert catalogue.centred[0] @ catalogue.centred[1] < 0 < VECTORS[0] @ VECTORS[2]
    assert np.allclose(centred(VECTORS[0], catalogue.centre), catalogue.centred[0])


def test_none_and_one_item():
    empty = build([], np.empty((0, 4), dtype=np.float32))
    assert (empty.items, empty.centred.shape, empty.centre.shape) == ((), (0, 4), (4,))
    one = build(ITEMS[:1], VECTORS[:1])
    assert np.allclose(one.centred, VECTORS[:1])
    assert centre_of(VECTORS[:1]).tolist() == [0, 0]


def test_items_and_vectors_must_match():
    with pytest.raises(ValueError, match="3 items, 2 vectors"):
        build(ITEMS, VECTORS[:2])


def test_item_texts_say_the_words_in_both_languages():
    assert item_texts(ITEMS[0]) == ("时尚牛仔裤，牛仔裤，泊川，时尚，Denim；Jeans，泊川，denim", "")


def test_long_descriptions_are_cut_at_a_sentence():
    long = Item("1", "a", "book", description="First sentence, of some length. " * 20)
    assert len(item_texts(long)[1]) <= 160
    assert item_texts(long)[1].endswith("length.")
    assert len(item_texts(Item("1", "a", "book", description="长" * 5000))[1]) == 160
