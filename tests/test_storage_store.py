"""What goes into the store comes out of it, stays whole, and goes when it is asked to go."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from errors import Conflict, InputError, NotFound, Unauthorized, ZhiyinError
from storage.database import open_database
from storage.records import (
    ImpressionRecord,
    InterestChange,
    ItemRecord,
    MessageRecord,
    SlateDraft,
    new_id,
    new_token,
)
from storage.store import Store

JEANS = ItemRecord("456", "c1", "clothing", True, {"id": "456", "title": "时尚牛仔裤", "price": 299})
SHIRT = ItemRecord("123", "c2", "clothing", False, {"id": "123", "title": "品牌T恤", "tags": ["T恤"]})


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url, lock_wait=30)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


@pytest.fixture
def session_id(store: Store) -> str:
    return store.create_session(new_token(), "zh").session_id


def draft(*item_ids: str, unmet: tuple[str, ...] = ()) -> SlateDraft:
    because = ({"kind": "words", "text": "牛仔裤", "turn_id": "t"},)
    shown = (
        ImpressionRecord(rank, item_id, 1.5, {"interest": 1.0, "words": 0.5}, because)
        for rank, item_id in enumerate(item_ids, start=1)
    )
    return SlateDraft(tuple(shown), unmet)


def reply(store: Store, session_id: str, slate: SlateDraft | None, version: int = 0) -> MessageRecord:
    return store.start_reply(
        session_id,
        lang="zh",
        intent="ask",
        understanding={"keywords": ["牛仔裤"]},
        slate=slate,
        interest=InterestChange({"threads": [version]}, version),
    )


def whole_turn(store: Store, session_id: str, *item_ids: str, version: int = 0) -> MessageRecord:
    store.add_user_message(session_id, "我喜欢牛仔裤", "zh")
    message = reply(store, session_id, draft(*item_ids), version)
    lines = {item_id: f"因为{item_id}" for item_id in item_ids}
    store.finish_reply(
        message.turn_id, text="好的", lines=lines, line_outcomes={"opening": {"outcome": "ok"}}, timings={"encode": 8.5}
    )
    return message


def row_counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in inspect(connection).get_table_names()
        }


def test_items_are_kept_replaced_and_removed(store: Store) -> None:
    store.save_items([JEANS, SHIRT])
    assert store.items() == [SHIRT, JEANS]
    assert store.items()[0].imported_at.tzinfo is UTC
    cheaper = replace(JEANS, checksum="c3", data={**JEANS.data, "price": 199})
    store.save_items([JEANS, cheaper])
    assert store.item_checksums() == {"456": "c3", "123": "c2"}
    assert store.items()[1] == cheaper
    assert store.delete_items(["123", "123", "nothing"]) == 1
    assert store.items() == [cheaper]
    store.save_items([])
    assert store.delete_items([]) == 0


def test_many_items(store: Store) -> None:
    store.save_items(replace(JEANS, id=f"{n:05}") for n in range(2_500))
    assert len(store.items()) == 2_500
    assert store.delete_items(f"{n:05}" for n in range(2_400)) == 2_400
    assert len(store.item_checksums()) == 100


def test_session_round_trip(store: Store) -> None:
    made = store.create_session("t", "en", "visitor-7", ["film", "book"], {"item_id": "456"})
    assert store.session(made.session_id) == made
    assert made.domains == ("film", "book")
    assert abs((datetime.now(UTC) - made.created_at).total_seconds()) < 60


def test_only_the_right_token_opens_a_session(store: Store) -> None:
    token = new_token()
    made = store.create_session(token, "zh")
    other = store.create_session(new_token(), "zh")
    assert store.authorize(made.session_id, token) == made
    for wrong in ("", token + "x", token[:-1], "口令", "\ud800"):
        with pytest.raises(Unauthorized):
            store.authorize(made.session_id, wrong)
    with pytest.raises(Unauthorized):
        store.authorize(other.session_id, token)


def everything(engine: Engine) -> str:
    """Every row of every table as text."""
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return str([connection.exec_driver_sql(f"SELECT * FROM {name}").fetchall() for name in names])


def test_token_is_nowhere_in_clear(store: Store, engine: Engine) -> None:
    token = new_token()
    session_id = store.create_session(token, "zh").session_id
    assert token not in json.dumps(store.export_session(session_id))
    assert session_id in everything(engine)
    assert token not in everything(engine)


def test_a_turn_round_trip(store: Store, session_id: str) -> None:
    asked = store.add_user_message(session_id, "我喜欢牛仔裤 <b>👖</b>", "zh")
    slate = draft("456", "123", unmet=("蓝色西装",))
    begun = reply(store, session_id, slate)
    assert store.messages(session_id) == [asked, begun]
    assert (begun.role, begun.complete, begun.intent) == ("bot", False, "ask")

    store.finish_reply(
        begun.turn_id,
        text="好的。",
        lines={"456": "牛仔裤，299 元"},
        line_outcomes={"opening": {"outcome": "ok"}, "456": {"outcome": "plain", "violations": [["number: 8"]]}},
        timings={"encode": 8.5},
    )
    ended = store.messages(session_id)[1]
    assert ended == replace(
        begun,
        text="好的。",
        lines={"456": "牛仔裤，299 元"},
        line_outcomes={"opening": {"outcome": "ok"}, "456": {"outcome": "plain", "violations": [["number: 8"]]}},
        timings={"encode": 8.5},
        complete=True,
    )
    (kept,) = store.slates(session_id)
    assert (kept.slate_id, kept.turn_id, kept.unmet) == (slate.slate_id, begun.turn_id, ("蓝色西装",))
    assert kept.impressions == slate.impressions
    assert store.interest(session_id).state == {"threads": [0]}


def test_a_reply_cut_off_stays_incomplete(store: Store, session_id: str) -> None:
    begun = reply(store, session_id, None)
    store.finish_reply(begun.turn_id, text="好", lines={}, line_outcomes={}, timings={}, complete=False)
    (kept,) = store.messages(session_id)
    assert (kept.text, kept.complete) == ("好", False)
    assert store.slates(session_id) == []


def test_slates_and_what_was_shown_keep_their_order(store: Store, session_id: str) -> None:
    reply(store, session_id, draft("b", "a"))
    store.add_slate(session_id, draft())
    last = store.add_slate(session_id, draft("c", "b"))
    assert store.shown_item_ids(session_id) == ["b", "a", "c"]
    kept = store.slates(session_id)
    assert [[shown.item_id for shown in slate.impressions] for slate in kept] == [["b", "a"], [], ["c", "b"]]
    assert kept[-1] == last
    assert last.turn_id is None


def test_load_turn_is_what_the_parts_say(store: Store, session_id: str) -> None:
    reply(store, session_id, draft("a", "b"))
    store.add_feedback(session_id, "a", "like")
    state = store.load_turn(session_id)
    assert state.session == store.session(session_id)
    assert state.interest == store.interest(session_id)
    assert list(state.shown_ids) == store.shown_item_ids(session_id)
    assert list(state.feedback) == store.feedback(session_id)


def test_two_sessions_stay_apart(store: Store, session_id: str) -> None:
    other = store.create_session(new_token(), "en").session_id
    whole_turn(store, session_id, "a")
    store.add_feedback(session_id, "a", "like")
    assert store.messages(other) == []
    assert store.slates(other) == []
    assert store.feedback(other) == []
    assert store.load_turn(other).shown_ids == ()
    assert store.interest(other).version == 0
    with pytest.raises(NotFound):
        store.undo_feedback(other, "a")


def test_feedback_undone_and_counted(store: Store, session_id: str) -> None:
    other = store.create_session(new_token(), "en").session_id
    liked = store.add_feedback(session_id, "a", "like", turn_id="t1")
    rated = store.add_feedback(session_id, "a", "rating", 4.0)
    store.add_feedback(other, "a", "like")
    assert store.feedback(session_id) == [liked, rated]
    assert store.feedback_counts() == {"a": {"like": 2, "rating": 1}}

    undone = store.undo_feedback(session_id, "a", InterestChange({"moved": "back"}, 0))
    assert undone == replace(rated, undone=True)
    assert store.feedback(session_id) == [liked, undone]
    assert store.interest(session_id).state == {"moved": "back"}
    assert store.undo_feedback(session_id, "a").feedback_id == liked.feedback_id
    with pytest.raises(NotFound):
        store.undo_feedback(session_id, "a", InterestChange({"never": "kept"}, 1))
    assert store.interest(session_id).version == 1
    assert store.feedback_counts() == {"a": {"like": 1}}


def test_a_conflict_keeps_nothing(store: Store, session_id: str) -> None:
    assert store.save_interest(session_id, InterestChange({"first": 1}, 0)).version == 1
    late = InterestChange({"second": 1}, 0)
    with pytest.raises(Conflict) as conflict:
        store.save_interest(session_id, late)
    assert "再试一次" in conflict.value.say("zh")
    with pytest.raises(Conflict):
        reply(store, session_id, draft("a"))
    with pytest.raises(Conflict):
        store.add_feedback(session_id, "a", "like", interest=late)
    assert store.messages(session_id) == []
    assert store.slates(session_id) == []
    assert store.feedback(session_id) == []
    assert store.interest(session_id).state == {"first": 1}


def test_of_many_writers_from_one_state_one_wins(store: Store, session_id: str) -> None:
    def write(n: int) -> bool:
        try:
            reply(store, session_id, draft(str(n)))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(24)))
    assert sum(won) == 1
    assert store.shown_item_ids(session_id) == [str(won.index(True))]


def test_threads_lose_nothing(store: Store) -> None:
    def converse(n: int) -> str:
        session_id = store.create_session(new_token(), "zh").session_id
        for turn in range(5):
            whole_turn(store, session_id, f"{n}-{turn}", version=turn)
        return session_id

    with ThreadPoolExecutor(8) as pool:
        session_ids = list(pool.map(converse, range(16)))
    for n, session_id in enumerate(session_ids):
        assert store.shown_item_ids(session_id) == [f"{n}-{turn}" for turn in range(5)]
        assert [message.role for message in store.messages(session_id)] == ["user", "bot"] * 5
        assert all(message.complete for message in store.messages(session_id))


def test_deleting_a_session_leaves_no_trace(store: Store, engine: Engine, session_id: str) -> None:
    whole_turn(store, session_id, "456", "123")
    store.add_feedback(session_id, "456", "like")
    store.add_user_message(session_id, "这句话要彻底消失 gone-for-good", "zh")
    keep = store.create_session(new_token(), "en").session_id
    whole_turn(store, keep, "789")

    store.delete_session(session_id)
    counts = row_counts(engine)
    assert {name: counts[name] for name in ("sessions", "interests", "messages", "slates", "impressions")} == {
        "sessions": 1,
        "interests": 1,
        "messages": 2,
        "slates": 1,
        "impressions": 1,
    }
    assert counts["feedback"] == 0
    assert len(store.messages(keep)) == 2
    assert "gone-for-good" not in everything(engine)


def test_unknown_session_or_turn(store: Store) -> None:
    nobody = new_id()
    calls = (
        lambda: store.session(nobody),
        lambda: store.authorize(nobody, "t"),
        lambda: store.delete_session(nobody),
        lambda: store.export_session(nobody),
        lambda: store.load_turn(nobody),
        lambda: store.add_user_message(nobody, "谁", "zh"),
        lambda: reply(store, nobody, draft("a")),
        lambda: store.add_slate(nobody, draft("a")),
        lambda: store.messages(nobody),
        lambda: store.slates(nobody),
        lambda: store.interest(nobody),
        lambda: store.save_interest(nobody, InterestChange({}, 0)),
        lambda: store.add_feedback(nobody, "a", "like"),
        lambda: store.undo_feedback(nobody, "a"),
        lambda: store.shown_item_ids(nobody),
        lambda: store.feedback(nobody),
        lambda: store.finish_reply(nobody, text="", lines={}, line_outcomes={}, timings={}),
    )
    for call in calls:
        with pytest.raises(NotFound) as missing:
            call()
        assert nobody in missing.value.say("en")


def test_the_words_of_a_visitor_are_not_a_reply(store: Store, session_id: str) -> None:
    asked = store.add_user_message(session_id, "原话", "zh")
    with pytest.raises(NotFound):
        store.finish_reply(asked.turn_id, text="改了", lines={}, line_outcomes={}, timings={})
    assert store.messages(session_id) == [asked]


def test_a_session_exports_all_that_is_held(store: Store, session_id: str) -> None:
    whole_turn(store, session_id, "456")
    store.add_feedback(session_id, "456", "rating", 5)
    held = store.export_session(session_id)
    assert json.loads(json.dumps(held)) == held
    assert held["session"]["session_id"] == session_id
    assert [message["text"] for message in held["messages"]] == ["我喜欢牛仔裤", "好的"]
    assert held["slates"][0]["impressions"][0]["item_id"] == "456"
    assert held["feedback"][0]["value"] == 5
    assert held["interest"]["state"] == {"threads": [0]}
    assert datetime.fromisoformat(held["session"]["created_at"]).tzinfo is not None


def test_export_for_the_operator(store: Store, session_id: str, tmp_path: Path) -> None:
    message = whole_turn(store, session_id, "456", "123")
    other = store.create_session(new_token(), "en").session_id
    store.add_user_message(other, "a film", "en")
    store.create_session(new_token(), "en")
    store.add_feedback(session_id, "456", "like")
    store.mark_seen(session_id, store.slates(session_id)[0].slate_id, ["456"])
    out = tmp_path / "out" / "deep"
    expected = {"conversations.jsonl": 2, "feedback.jsonl": 1, "impressions.jsonl": 2}
    assert store.export(out) == expected
    assert store.export(out) == expected
    assert {file.name for file in out.iterdir()} == set(expected)

    lines = {
        file.name: [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for file in out.iterdir()
    }
    first, second = lines["conversations.jsonl"]
    assert [said["role"] for said in first["messages"]] == ["user", "bot"]
    assert second["session_id"] == other
    assert "我喜欢牛仔裤" in (out / "conversations.jsonl").read_text(encoding="utf-8")
    assert [(shown["rank"], shown["item_id"]) for shown in lines["impressions.jsonl"]] == [
        (1, "456"),
        (2, "123"),
    ]
    assert lines["impressions.jsonl"][0]["turn_id"] == message.turn_id
    assert [bool(shown["seen_at"]) for shown in lines["impressions.jsonl"]] == [True, False]
    assert lines["feedback.jsonl"][0]["kind"] == "like"


def test_a_conversation_longer_than_a_batch_is_one_line(store: Store, session_id: str, tmp_path: Path) -> None:
    for n in range(520):
        store.add_user_message(session_id, str(n), "zh")
    assert store.export(tmp_path / "out")["conversations.jsonl"] == 1
    (line,) = (tmp_path / "out" / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    assert [said["text"] for said in json.loads(line)["messages"]] == [str(n) for n in range(520)]


def test_export_to_where_it_cannot_be_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to"):
        store.export(tmp_path / "file" / "out")


def visit(store: Store, visitor: str | None, state: int) -> str:
    session_id = store.create_session(new_token(), "zh", visitor).session_id
    store.add_user_message(session_id, "我喜欢牛仔裤", "zh")
    store.save_interest(session_id, InterestChange({"threads": [state]}, 0))
    return session_id


def test_a_visitors_earlier_sessions_come_latest_first_and_nobody_elses(store: Store) -> None:
    first, second = visit(store, "ann", 1), visit(store, "ann", 2)
    visit(store, "bob", 3)
    visit(store, None, 4)
    assert [record.session_id for record in store.visitor_history("ann")] == [second, first]
    store.add_feedback(first, "456", "like")
    assert [record.state["threads"] for record in store.visitor_history("ann")] == [[1], [2]]
    assert [record.session_id for record in store.visitor_history("ann", 1)] == [first]
    assert store.visitor_history("carol") == []


def test_anonymous_visitors_have_no_history(store: Store) -> None:
    visit(store, None, 1)
    visit(store, "", 2)
    assert store.visitor_history(None) == store.visitor_history("") == []


def test_sessions_in_which_nothing_happened_are_no_visits(store: Store) -> None:
    said = visit(store, "ann", 1)
    clicked = store.create_session(new_token(), "zh", "ann").session_id
    store.add_feedback(clicked, "456", "click", interest=InterestChange({"threads": []}, 0))
    opened = store.create_session(new_token(), "zh", "ann").session_id
    store.save_interest(opened, InterestChange({"threads": ["profile"]}, 0))
    assert [record.session_id for record in store.visitor_history("ann")] == [clicked, said]


def test_history_is_read_by_an_index(engine: Engine, store: Store) -> None:
    visit(store, "ann", 1)
    query = (
        "SELECT * FROM interests JOIN sessions ON sessions.id = interests.session_id"
        " WHERE visitor = 'ann' ORDER BY last_at DESC LIMIT 20"
    )
    with engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # in a table of one row it is the quickest
        plan = connection.exec_driver_sql(explain + query).fetchall()
    assert any("ix_sessions_visitor_last_at" in str(step) for step in plan), plan


def test_a_deleted_session_leaves_the_history(store: Store) -> None:
    first, second = visit(store, "ann", 1), visit(store, "ann", 2)
    store.delete_session(second)
    assert [record.session_id for record in store.visitor_history("ann")] == [first]


def test_outcomes_of_earlier_versions_are_read_as_those_of_now(store: Store) -> None:
    session_id = store.create_session("token", "zh").session_id
    message = reply(store, session_id, draft("1"))
    earlier: Any = {"opening": "ok"}
    store.finish_reply(message.turn_id, text="好", lines={}, line_outcomes=earlier, timings={})
    assert store.messages(session_id)[0].line_outcomes == {"opening": {"outcome": "ok"}}


WRITER = """
import sys
from storage.database import open_database
from storage.records import ImpressionRecord, InterestChange, SlateDraft
from storage.store import Store

store = Store(open_database(sys.argv[1]))
session_id = store.create_session("token", "zh").session_id
print(session_id, flush=True)
for turn in range(10**6):
    print("user", store.add_user_message(session_id, f"say {turn}", "zh").turn_id, flush=True)
    print("feedback", store.add_feedback(session_id, str(turn), "like").feedback_id, flush=True)
    message = store.start_reply(
        session_id, lang="zh", intent="ask", understanding={},
        slate=SlateDraft((ImpressionRecord(1, str(turn), 1.0, {"interest": 1.0}),)),
        interest=InterestChange({"turn": turn}, turn),
    )
    print("bot", message.turn_id, flush=True)
    if turn >= int(sys.argv[2]):
        sys.stdin.read()
    store.finish_reply(message.turn_id, text="done", lines={}, line_outcomes={}, timings={})
"""


def test_kill_in_the_middle_of_a_reply_loses_nothing_acknowledged(database_url: str) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url, "20"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with writer:
        assert writer.stdout is not None
        session_id = writer.stdout.readline().strip()
        acknowledged = [writer.stdout.readline().split() for _ in range(3 * 21)]
        writer.send_signal(signal.SIGKILL)

    engine = open_database(database_url)
    store = Store(engine)
    messages = store.messages(session_id)
    kept = {message.turn_id for message in messages} | {said.feedback_id for said in store.feedback(session_id)}
    assert {identifier for _, identifier in acknowledged} == kept
    assert [message.complete for message in messages if message.role == "bot"] == [True] * 20 + [False]
    assert store.interest(session_id).state == {"turn": 20}
    assert len(store.slates(session_id)) == 21
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_every_error_says_something_in_both_languages(store: Store) -> None:
    with pytest.raises(ZhiyinError) as missing:
        store.session("x")
    assert missing.value.say("zh") != missing.value.say("en")
