"""Personal numbers are masked, and what only looks like them is not."""

import json
from pathlib import Path

import pytest
from keeping import conversation

from storage.database import open_database
from storage.masking import is_bank_card, is_identity, mask, masked
from storage.store import Store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("电话13812345678，谢谢", "电话[phone]，谢谢"),
        ("+86 138 1234 5678", "[phone]"),
        ("138-1234-5678", "[phone]"),
        ("１３８１２３４５６７８", "[phone]"),
        ("打010-62345678或(021) 62345678", "打[phone]或[phone]"),
        ("call +44 20 7946 0958 or (415) 555-2671", "call [phone] or [phone]"),
        ("发到ann.b+x@mail.example.com吧", "发到[mail]吧"),
        ("ann＠example.com", "[mail]"),
        ("身份证11010519491231002X", "身份证[id]"),
        ("id 110105 19491231 002x", "id [id]"),
        ("卡号6222 0212 3456 7890 128", "卡号[card]"),
        ("卡号4111 1111 1111 1111", "卡号[card]"),
        ("4111-1111-1111-1111.", "[card]."),
        ("两个：13812345678、ann@example.com", "两个：[phone]、[mail]"),
    ],
)
def test_masked(text: str, expected: str) -> None:
    assert mask(text) == expected
    assert mask(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "300元以内，2023年的，第12345678号",
        "ISBN 9787536692930",
        "11010519491231002",
        "110105194912310021",
        "4111 1111 1111 1112",
        "订单 20261125123456",
        "像素 1920-1080，2026-11-25 12:30:45",
        "价格 12800.50，库存 13812345",
        "@我 a@b",
        "0.13812345678",
        "",
    ],
)
def test_not_masked(text: str) -> None:
    assert mask(text) == text


def test_check_digits() -> None:
    assert is_identity("11010519491231002X")
    assert not is_identity("110105194913310022")
    assert is_bank_card("5500005555555559")
    assert not is_bank_card("5500005555555558")
    assert sum(is_bank_card(f"622202123456789012{digit}") for digit in range(10)) == 1


def test_values_of_any_depth() -> None:
    value = {"text": "13812345678", "list": ["ann@example.com", 13812345678, None, True], "deep": {"x": ("a",)}}
    assert masked(value) == {"text": "[phone]", "list": ["[mail]", 13812345678, None, True], "deep": {"x": ["a"]}}


def test_exports_are_masked_where_it_is_wanted(database_url: str, tmp_path: Path) -> None:
    engine = open_database(database_url)
    store = Store(engine)
    session_id = conversation(store, "电话13812345678")
    store.export(tmp_path / "clear")
    store.export(tmp_path / "masked", masking=True)
    engine.dispose()
    clear, hidden = (
        "".join(file.read_text(encoding="utf-8") for file in sorted((tmp_path / name).iterdir()))
        for name in ("clear", "masked")
    )
    assert clear.count("13812345678") >= 6
    assert "13812345678" not in hidden
    assert clear.replace("13812345678", "[phone]") == hidden
    line = json.loads((tmp_path / "masked" / "conversations.jsonl").read_text(encoding="utf-8"))
    assert line["session_id"] == session_id
