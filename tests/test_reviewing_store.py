"""Reviewers find conversations by marks and words, and what they keep goes with the conversation."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import InputError, NotFound
from storage.database import migrate, open_database
from storage.records import ImpressionRecord, InterestChange, ItemRecord, SlateDraft, new_token, utc_now
from storage.reviewing import terms
from storage.reviewing.records import Filter
from storage.store import Store

ITEMS = [
    ItemRecord(id_, "c", domain, True, {"id": id_, "title": title, "domain": domain})
    for id_, title, domain in (
        ("1", "品牌T恤", "clothing"),
        ("2", "2001太空漫游", "film"),
        ("3", "Kind of Blue", "music"),
    )
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zhiyin.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    engine = open_database(f"sqlite:///{path}")
    store = Store(engine)
    store.save_items(ITEMS)
    yield store
    engine.dispose()


def talk(
    store: Store,
    *said: str,
    lang: str = "zh",
    item: str = "1",
    unmet: tuple[str, ...] = (),
    outcome: str = "ok",
    site: str = "",
    ms: float = 100,
) -> str:
    """A conversation in which every message is answered with one item."""
    session_id = store.create_session(new_token(), lang, site=site).session_id
    for version, text in enumerate(said):
        store.add_user_message(session_id, text, lang)
        reply = store.start_reply(
            session_id,
            lang=lang,
            intent="ask",
            understanding={},
            slate=SlateDraft((ImpressionRecord(1, item, 1.0, {"interest": 1.0}),), unmet),
            interest=InterestChange({}, version),
            moment={"threads": [{"label": text, "weight": 1.0}]},
        )
        store.finish_reply(
            reply.turn_id,
            text="好的，看看这个",
            lines={item: "纯棉的，很舒服"},
            line_outcomes={"opening": {"outcome": "fixed"}, item: {"outcome": outcome}},
            timings={"encode": ms},
        )
    return session_id


def found(store: Store, *marks: str, text: str = "") -> list[int]:
    return [one.number for one in store.reviews.page(Filter(marks, text)).conversations]


def test_a_conversation_is_found_by_each_of_its_marks_and_by_several(store: Store) -> None:
    talk(store, "想要T恤")
    talk(store, "a slow film", lang="en", item="2", unmet=("submarine",), outcome="plain", site="shop", ms=2_000)
    talk(store, "quiet jazz", lang="en", item="3", outcome="none")
    for marks in (
        ("unmet:yes",),
        ("site:shop",),
        ("domain:film",),
        ("words:replaced",),
        ("slow:yes",),
        ("lang:en", "domain:film", "intent:ask", "state:open"),
    ):
        assert found(store, *marks) == [2], marks
    assert found(store, "lang:en") == [3, 2]
    assert found(store, "site:") == [3, 1]
    assert found(store, "lang:zh", "domain:film") == []
    assert found(store) == [3, 2, 1]


def test_words_of_either_side_are_found_in_both_languages(store: Store) -> None:
    talk(store, "想给孩子买蓝牙耳机")
    talk(store, "I like brand-name T-shirts and jeans", lang="en")
    assert found(store, text="蓝牙") == [1]
    assert found(store, text="蓝牙耳机 孩子") == [1]
    assert found(store, text="机") == [1], "the last character of what was said"
    assert found(store, text="买") == [1], "a single character in the middle"
    assert found(store, text="纯棉") == [2, 1], "words of the answer"
    assert found(store, text="JEAN") == [2], "stemmed, whatever the case"
    assert found(store, text="蓝机") == []
    assert found(store, text="jeans submarine") == []


def test_a_term_is_found_by_what_was_typed_whatever_its_width() -> None:
    assert terms.words("ＢＬＵＥtooth") == {"w:bluetooth"}
    assert terms.lookups("无线 a") == (["w:a", "w:无线"], [])
    assert terms.lookups("鞋") == ([], ["w:鞋"])
    assert terms.words("…！？") == set()


def test_pages_stay_the_same_whatever_comes_in(store: Store) -> None:
    for n in range(7):
        talk(store, f"第{n}个")
    first = store.reviews.page(Filter(), 3)
    assert [one.number for one in first.conversations] == [7, 6, 5]
    assert (first.newer, first.older) == (False, True)
    talk(store, "后来的")
    second = store.reviews.page(Filter(), 3, before=5)
    assert [one.number for one in second.conversations] == [4, 3, 2]
    back = store.reviews.page(Filter(), 3, after=4)
    assert [one.number for one in back.conversations] == [7, 6, 5]
    assert (back.newer, back.older) == (True, True)
    assert store.reviews.neighbours(Filter(), 4) == (5, 3)
    assert store.reviews.count(Filter(), 5) == 5
    assert first.conversations[0].opening == "第6个"


def test_a_span_of_time_is_one_of_numbers(store: Store) -> None:
    talk(store, "现在")
    now = utc_now()
    day = timedelta(days=1)
    assert store.reviews.count(Filter(since=now - day, until=now + day)) == 1
    assert store.reviews.count(Filter(since=now + day)) == 0
    assert store.reviews.count(Filter(until=now - day)) == 0


def test_feedback_marks_what_stands(store: Store) -> None:
    session_id = store.create_session(new_token(), "zh").session_id
    store.add_feedback(session_id, "1", "click")
    assert found(store) == [], "nothing was said yet"
    store.add_user_message(session_id, "你好", "zh")
    assert found(store, "feedback:click") == [1]
    store.add_feedback(session_id, "1", "dislike")
    assert found(store, "feedback:dislike") == [1]
    store.undo_feedback(session_id, "1")
    assert found(store, "feedback:dislike") == []
    assert found(store, "feedback:click") == [1]


def test_a_verdict_on_the_whole_makes_it_reviewed_and_can_be_taken_back(store: Store) -> None:
    session_id = talk(store, "想要T恤")
    turn_id = store.messages(session_id)[-1].turn_id
    store.reviews.judge(1, "bad", "lin", turn_id)
    assert found(store, "verdict:bad", "state:open") == [1]
    store.reviews.judge(1, "good", "lin")
    assert found(store, "state:reviewed") == [1]
    store.reviews.judge(1, "", "lin")
    assert found(store, "state:open", "verdict:bad") == [1]
    assert found(store, "verdict:good") == []
    with pytest.raises(InputError, match="verdict"):
        store.reviews.judge(1, "great", "lin")
    with pytest.raises(NotFound):
        store.reviews.judge(2, "good", "lin")
    with pytest.raises(NotFound):
        store.reviews.judge(1, "good", "lin", "no-such-turn")


def test_a_replay_has_all_that_is_held_and_all_that_was_added(store: Store) -> None:
    session_id = talk(store, "想要T恤", "要便宜的")
    turn_id = store.messages(session_id)[-1].turn_id
    reviews = store.reviews
    reviews.tag(1, "price  talk", "lin")
    reviews.note(1, "看看价格", "lin", turn_id)
    reviews.correct(1, turn_id, "1", "199元", {"kind": "item", "line": "199元"}, "lin")
    reviews.set_right(1, turn_id, "3", "lin")
    replay = reviews.replay(1)
    assert replay.tags == ("price talk",)
    assert [note.text for note in replay.notes] == ["看看价格"]
    assert [one.line for one in replay.corrections] == ["199元"]
    assert replay.right == {turn_id: ("3",)}
    assert replay.moments[turn_id] == {"threads": [{"label": "要便宜的", "weight": 1.0}]}
    assert set(replay.items) == {"1", "3"}
    assert found(store, "tag:price talk") == found(store, "corrected:yes") == [1]
    assert reviews.values("tag") == ["price talk"]
    assert [one.line for one in reviews.corrections(Filter())] == ["199元"]
    reviews.tag(1, "price talk", "lin", on=False)
    assert found(store, "tag:price talk") == []
    acts = [entry.act for _, entry in reviews.audit()]
    assert acts == ["untag", "right item", "correct", "note", "tag"]


def test_what_is_deleted_leaves_nothing_to_find_but_the_log(store: Store, path: Path) -> None:
    session_id = talk(store, "电话13800138000")
    turn_id = store.messages(session_id)[-1].turn_id
    reviews = store.reviews
    reviews.note(1, "号码13800138000", "lin", turn_id)
    reviews.correct(1, turn_id, "1", "x", {"wish": "电话13800138000"}, "lin")
    reviews.judge(1, "good", "lin")
    reviews.set_right(1, turn_id, "1", "lin")
    assert found(store, text="13800138000") == [1]
    store.delete_session(session_id)
    with sqlite3.connect(path) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = db.execute(f"SELECT * FROM {table}").fetchall()
            assert not [row for row in rows if "13800138000" in str(row)], table
        assert db.execute("SELECT count(*) FROM postings").fetchone() == (0,)
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    assert b"13800138000" not in held
    assert [entry.act for _, entry in reviews.audit()].count("verdict") == 1


def test_a_hidden_item_is_kept_out_by_every_replica(store: Store, path: Path) -> None:
    stamp = store.catalogue_stamp()
    store.reviews.hide("1", "lin")
    assert {item.id: item.available for item in store.items()} == {"1": False, "2": True, "3": True}
    assert next(item.data for item in store.items() if item.id == "1")["available"] is False
    assert store.catalogue_stamp() != stamp, "other replicas see that the catalogue changed"
    assert [item.item_id for item in store.reviews.items(which="hidden")] == ["1"]
    store.save_items([replace(ITEMS[0], checksum="new")])
    assert not store.items()[0].available, "an import does not bring it back"
    store.reviews.hide("1", "lin", on=False)
    assert store.items()[0].available
    with pytest.raises(NotFound):
        store.reviews.hide("nothing", "lin")


def test_figures_count_what_was_shown_done_and_missed(store: Store) -> None:
    liked = talk(store, "想要T恤", unmet=("潜水艇",))
    store.add_feedback(liked, "1", "like")
    talk(store, "T恤", unmet=("潜水艇 ",), outcome="plain")
    figures = store.reviews.figures(Filter())
    assert (figures.found, figures.sampled, figures.turns) == (2, 2, 2)
    assert [count for _, count in figures.days] == [2]
    assert sorted(sorted(one.acts) for one in figures.shown) == [[], ["like"]]
    assert figures.unmet == (("潜水艇", 2, 2),)
    assert figures.outcomes == {"fixed": 2, "ok": 1, "plain": 1}
    assert figures.timings == {"encode": (100.0, 100.0)}


def test_items_are_listed_by_what_became_of_them(store: Store) -> None:
    session_id = talk(store, "想要T恤")
    store.add_feedback(session_id, "1", "dislike")
    reviews = store.reviews
    assert [item.item_id for item in reviews.items(which="never")] == ["2", "3"]
    assert [(item.item_id, item.shown, item.acts) for item in reviews.items(which="disliked")] == [
        ("1", 1, {"dislike": 1})
    ]
    assert [item.item_id for item in reviews.items("blue")] == ["3"]
    assert [item.item_id for item in reviews.items("100%")] == []
    assert [item.item_id for item in reviews.items(limit=1, after="1")] == ["2"]


def test_saved_filters_are_kept_by_name(store: Store) -> None:
    store.reviews.save_filter("坏的", "verdict=bad", "lin")
    store.reviews.save_filter("坏的", "verdict=bad&lang=zh", "lin")
    assert [(one.name, one.query) for one in store.reviews.saved_filters()] == [("坏的", "verdict=bad&lang=zh")]
    store.reviews.save_filter("坏的", "", "lin")
    assert store.reviews.saved_filters() == []
    with pytest.raises(InputError):
        store.reviews.save_filter("  ", "q=1", "lin")


def test_old_conversations_are_found_after_the_upgrade(store: Store, path: Path, tmp_path: Path) -> None:
    session_id = talk(store, "想要蓝牙耳机", "300元以内", item="2", unmet=("潜水艇",), outcome="plain", ms=1_800)
    store.add_feedback(session_id, "2", "dislike")
    talk(store, "quiet jazz", lang="en", item="3")
    marks = [one.marks for one in store.reviews.page(Filter()).conversations]
    older = tmp_path / "older.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, older)
    migrate(f"sqlite:///{older}", "0004")
    engine = open_database(f"sqlite:///{older}")
    again = Store(engine)
    try:
        assert [one.marks for one in again.reviews.page(Filter()).conversations] == marks
        assert found(again, text="蓝牙") == [1]
        assert again.reviews.page(Filter()).conversations[1].slowest_ms == 1_800
        talk(again, "接着说")
        assert found(again) == [3, 2, 1]
    finally:
        engine.dispose()
