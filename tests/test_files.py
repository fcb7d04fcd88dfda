import json

import pytest

from errors import CatalogueError
from retrieval.files import item_from_json, read_items
from retrieval.items import Item

TEE = {"id": "123", "title": "品牌T恤", "domain": "clothing"}


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_items(path))


def test_jsonl_takes_the_good_lines_and_names_the_bad(tmp_path):
    lines = [json.dumps(TEE), "", '{"id": "x"', "[1]", json.dumps({**TEE, "price": -1})]
    good, broken, a_list, negative = read(tmp_path, "c.jsonl", "\n".join(lines))
    assert good == Item(**TEE)
    assert (broken.fields["file"], broken.fields["line"], broken.fields["field"]) == ("c.jsonl", 3, "line")
    assert str(a_list) == "c.jsonl:4: line: must be a JSON object"
    assert str(negative) == "c.jsonl:5: price: must not be below 0"


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    content = ("\ufeff" + json.dumps(TEE) + "\r\n").encode()
    assert read(tmp_path, "c.jsonl", content) == [Item(**TEE)]
    assert read(tmp_path, "c.csv", "\ufeffid,title,domain\r\n123,品牌T恤,clothing\r\n") == [Item(**TEE)]


def test_bytes_that_are_no_utf8_cost_only_their_line(tmp_path):
    bad = json.dumps(TEE, ensure_ascii=False).encode("gbk")
    wrong, good = read(tmp_path, "c.jsonl", bad + b"\n" + json.dumps(TEE).encode())
    assert wrong.fields["field"] == "title"
    assert "UTF-8" in wrong.fields["reason"]
    assert good == Item(**TEE)


def test_csv_reads_every_kind_of_field(tmp_path):
    header = (
        "id,title,domain,price,year,tags,available,attributes.color,attributes.weight_g,attributes.new,"
        "i18n.en.title,i18n.en.attributes.color"
    )
    row = '7,"灯, 台式",home,12.5,2020,夜; 书桌,false,白色;黑色,350,true,Lamp,white'
    assert read(tmp_path, "c.csv", f"{header}\n{row}\n") == [
        Item(
            id="7",
            title="灯, 台式",
            domain="home",
            price=12.5,
            year=2020,
            tags=("夜", "书桌"),
            available=False,
            attributes={"color": ("白色", "黑色"), "weight_g": 350, "new": True},
            i18n={"en": {"title": "Lamp", "attributes": {"color": "white"}}},
        )
    ]


def test_csv_rows_that_are_wrong(tmp_path):
    content = 'id,title,domain,price\n1,"two\nlines",home,\n2,b,home,cheap\n3,c,home,1,extra\n'
    good, price, extra = read(tmp_path, "c.csv", content)
    assert (good.title, good.price) == ("two\nlines", None)
    assert (price.fields["line"], price.fields["field"]) == (4, "price")
    assert extra.fields["line"] == 5


def test_csv_without_a_needed_column(tmp_path):
    (error,) = read(tmp_path, "c.csv", "id,title\n1,a\n")
    assert str(error) == "c.csv:1: domain: the header lacks the column domain"
    (empty,) = read(tmp_path, "empty.csv", "")
    assert empty.fields["field"] == "id"


def test_a_missing_file_is_an_error_not_a_crash(tmp_path):
    (error,) = read_items(tmp_path / "none.jsonl")
    assert isinstance(error, CatalogueError)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5),
        ("id", "x" * 129),
        ("title", " "),
        ("title", None),
        ("title", "a\x00b"),
        ("title", "\ud800"),
        ("domain", ""),
        ("description", "x" * 5001),
        ("price", "12"),
        ("price", True),
        ("price", float("nan")),
        ("currency", "yuan"),
        ("year", 2020.5),
        ("year", 123456),
        ("tags", "夏天"),
        ("tags", [1]),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("image_url", "http://[broken"),
        ("attributes", []),
        ("attributes", {"a": {"b": 1}}),
        ("available", "yes"),
        ("published_at", "yesterday"),
        ("i18n", {"en": "Shirt"}),
        ("i18n", {"English words": {}}),
        ("i18n", {"en": {"tags": "summer"}}),
    ],
)
def test_wrong_values_name_their_field(field, value):
    with pytest.raises(CatalogueError) as caught:
        item_from_json({**TEE, field: value}, "c.jsonl", 9)
    assert caught.value.fields["field"].split(".")[0] == field
    assert caught.value.fields["line"] == 9


def test_html_stays_text_and_unknown_fields_are_left_out():
    item = item_from_json({**TEE, "title": "<b>T恤</b>", "colour": "red", "price": None})
    assert (item.title, item.price) == ("<b>T恤</b>", None)
