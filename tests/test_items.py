import copy
from dataclasses import replace

from retrieval.files import item_from_json
from retrieval.items import Item

JEANS = Item(
    id="456",
    title="时尚牛仔裤",
    domain="clothing",
    price=299.0,
    tags=("时尚", "牛仔"),
    attributes={"color": ("蓝色", "黑色"), "waist_cm": 72},
    i18n={"en": {"title": "Fashion jeans", "tags": ("denim",), "attributes": {"color": ("blue",)}}},
)


def test_localized_shows_translations_and_keeps_the_rest():
    english = JEANS.localized("en")
    assert (english.title, english.tags, english.price) == ("Fashion jeans", ("denim",), 299.0)
    assert english.attributes == {"color": ("blue",), "waist_cm": 72}
    assert JEANS.localized("fr") is JEANS


def test_json_round_trip():
    assert item_from_json(JEANS.as_json()) == JEANS
    sold_out = replace(JEANS, available=False, price=0.0)
    assert item_from_json(sold_out.as_json()) == sold_out


def test_json_shares_nothing_with_the_item():
    raw = JEANS.as_json()
    raw["tags"].append("x")
    raw["i18n"]["en"]["tags"].append("x")
    assert JEANS.tags == ("时尚", "牛仔")
    assert JEANS.i18n["en"]["tags"] == ("denim",)


def test_checksum_follows_every_field():
    assert JEANS.checksum == copy.deepcopy(JEANS).checksum
    changes = [replace(JEANS, price=300.0), replace(JEANS, available=False), replace(JEANS, i18n={})]
    assert len({JEANS.checksum, *(item.checksum for item in changes)}) == 4


def test_items_can_be_kept_in_sets():
    assert len({JEANS, copy.deepcopy(JEANS), replace(JEANS, id="457")}) == 2
