"""The review console: who gets in, what they see and do, what leaves it; then a whole journey in a real browser."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from axe_playwright_python.sync_playwright import Axe
from browser import ROOT
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from bot.bot import Bot
from bot.loading import Status
from bot.mind import Mind
from bot.phrasing.examples import request_of
from bot.reply import Reply, Slate
from bot.serving import free_port
from bot.settings import Settings, read_settings
from bot.stories.reading import read_stories
from bot.web.review.login import COOKIE
from bot.web.review.pages import texts
from bot.web.review.statistics import kappa, quantile, share
from bot.web.server import create_app
from errors import SettingsError
from storage.database import open_database
from storage.records import new_token
from storage.store import Store

PEOPLE: Any = {
    "lin": {"password": "plum", "role": "editor"},
    "zhou": {"password": "pine", "role": "editor"},
    "guest": {"password": "reed"},
}
HTML = {"accept-language": "en"}


class Ready:
    """A loader that has loaded."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    def __call__(self) -> Mind:
        return self._mind

    def status(self) -> Status:
        return Status(items=643)


def app_of(bot: Bot, mind: Mind, **settings: Any) -> FastAPI:
    async def build() -> FastAPI:
        # Outside a running loop Gradio makes one of its own and leaves it open.
        return create_app(bot, Ready(mind), Settings(**{"reviewers": PEOPLE, **settings}))  # type: ignore[arg-type]

    # The browser's own loop runs in the test's thread.
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(build())).result()


@pytest.fixture
def bot(data_dir: Path, mind: Mind) -> Iterator[Bot]:
    """A bot over a store that has the sample catalogue."""
    engine = open_database(f"sqlite:///{data_dir / 'zhiyin.db'}")
    yield Bot(Store(engine), lambda: mind)
    engine.dispose()


def client_of(bot: Bot, mind: Mind, name: str = "", **settings: Any) -> TestClient:
    """A browser, logged in where there is a name."""
    client = TestClient(
        app_of(bot, mind, **settings), base_url="http://testserver", headers=HTML, follow_redirects=False
    )
    if name:
        log_in(client, name, PEOPLE[name]["password"])
    return client


def log_in(client: TestClient, name: str, password: str) -> httpx.Response:
    return client.post("/review/login", data={"name": name, "password": password, "back": "/review/overview"})


def converse(bot: Bot, *said: str, lang: Any = "zh") -> tuple[str, list[Reply]]:
    session, _ = bot.open_session(new_token(), lang)
    replies = [event for text in said for event in bot.reply(session.session_id, text) if isinstance(event, Reply)]
    return session.session_id, replies


def dislike_first(bot: Bot, session_id: str, slate: Slate, turn_id: str) -> str:
    item_id = slate.cards[0].item.id
    bot.feedback(session_id, item_id, "dislike", turn_id=turn_id)
    return item_id


# -- getting in


def test_it_is_off_until_somebody_may_review(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, reviewers={})
    away = client.get("/review")
    assert (away.status_code, away.headers["location"]) == (303, "/review/login?back=%2Freview")
    page = client.get("/review/login")
    assert "ZHIYIN_REVIEW_PASSWORD" in page.text
    assert "<input" not in page.text
    assert client.post("/review/login", data={"password": ""}).status_code == 401


def test_one_password_makes_one_editor(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, reviewers={}, review_password="plum")
    assert 'name="name"' not in client.get("/review/login").text
    assert client.post("/review/login", data={"password": "plum"}).headers["location"] == "/review"
    assert "reviewer · editor" in client.get("/review").text


def test_a_login_goes_back_to_where_it_was_asked_for_and_nowhere_else(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind)
    answer = log_in(client, "lin", "plum")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review/overview")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/review"))
    for foreign in (
        "https://evil.example/review",
        "//evil.example/review",
        "/reviewed",
        "/review\\..\\x",
        "javascript:x",
    ):
        data = {"name": "lin", "password": "plum", "back": foreign}
        assert client.post("/review/login", data=data).headers["location"] == "/review"


def test_wrong_passwords_are_slowed_whoever_is_named(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind)
    answers = [log_in(client, name, "guess") for name in ("lin", "lin", "nobody", "zhou", "lin")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1, "whether a name exists is not told"
    refused = log_in(client, "lin", "plum")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert client.get("/review").status_code == 303


@pytest.mark.parametrize("spoil", ["", "x", "{}.9999999999.00", "bGlu.9999999999.zz", "bGlu.²³.00", "bGlu.1.00"])
def test_a_cookie_that_was_not_made_here_opens_nothing(bot: Bot, mind: Mind, spoil: str) -> None:
    client = client_of(bot, mind)
    client.cookies.set(COOKIE, spoil.encode().decode("latin-1") if spoil.isascii() else "bGlu.x.00")
    assert client.get("/review").status_code == 303


def test_a_changed_password_ends_its_sessions(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, "lin")
    kept = client.cookies[COOKIE]
    assert client.get("/review").status_code == 200
    other = client_of(bot, mind)
    other.cookies.set(COOKIE, kept)
    assert other.get("/review").status_code == 200, "another replica reads the same cookie"
    changed = client_of(bot, mind, reviewers={"lin": {"password": "new", "role": "editor"}})
    changed.cookies.set(COOKIE, kept)
    assert changed.get("/review").status_code == 303


def test_a_trusted_proxy_may_say_who_it_is_and_nobody_else(bot: Bot, mind: Mind) -> None:
    settings: Any = {"review_header": "X-Forwarded-User", "reviewers": {"lin": {"role": "editor"}}}
    app = app_of(bot, mind, trusted_proxies=("10.0.0.1",), **settings)
    inside = TestClient(app, client=("10.0.0.1", 1), headers=HTML, follow_redirects=False)
    outside = TestClient(app, client=("10.0.0.9", 1), headers=HTML, follow_redirects=False)
    assert "lin · editor" in inside.get("/review", headers={"X-Forwarded-User": "lin"}).text
    assert "mei · reader" in inside.get("/review", headers={"X-Forwarded-User": "mei"}).text
    assert inside.get("/review").status_code == 303
    assert outside.get("/review", headers={"X-Forwarded-User": "lin"}).status_code == 303
    with pytest.raises(SettingsError, match="X-Forwarded-"):
        read_settings(review_header="Remote-User")


def test_a_form_from_a_foreign_page_changes_nothing(bot: Bot, mind: Mind) -> None:
    converse(bot, "想看科幻电影")
    client = client_of(bot, mind, "lin")
    form = {"tag": "x", "back": "/review"}
    foreign = client.post("/review/conversations/1/tag", data=form, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert bot.store.reviews.replay(1).tags == ()


# -- what readers and editors may do


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/review/conversations/1/tag", {"tag": "x"}),
        ("/review/conversations/1/verdict", {"verdict": "good"}),
        ("/review/conversations/1/note", {"text": "x"}),
        ("/review/items/hide", {"item_id": "123"}),
        ("/review/filters", {"name": "x", "query": "lang=zh"}),
        ("/review/catalogue/import", {}),
    ],
)
def test_a_reader_who_tries_to_edit_is_told_so(bot: Bot, mind: Mind, path: str, form: dict[str, str]) -> None:
    converse(bot, "想看科幻电影")
    client = client_of(bot, mind, "guest")
    refused = client.post(path, data=form)
    assert refused.status_code == 403
    assert "guest may read but not change anything" in refused.text
    page = client.get("/review/conversations/1").text
    assert "/verdict" not in page
    assert "/tag" not in page
    assert [entry.act for _, entry in bot.store.reviews.audit()] == ["login"]
    assert client_of(bot, mind).post(path, data=form).status_code == 303, "who is not logged in, logs in first"


def test_an_editor_acts_and_each_act_is_in_the_log(bot: Bot, mind: Mind) -> None:
    session_id, (reply,) = converse(bot, "我喜欢品牌T恤和牛仔裤")
    client = client_of(bot, mind, "lin")
    item_id, turn = reply.slate.cards[0].item.id, {"turn_id": reply.turn_id, "back": "/review/conversations/1?lang=zh"}
    for act, form in {
        "tag": {"tag": "first"},
        "note": {**turn, "text": "看这里"},
        "verdict": {**turn, "verdict": "bad"},
        "correct": {**turn, "part": item_id, "line": "胸前绣着泊川的小帆船。"},
        "right": {**turn, "item_id": "456"},
    }.items():
        answer = client.post(f"/review/conversations/1/{act}", data=form)
        assert answer.status_code == 303, act
    assert answer.headers["location"] == f"/review/conversations/1?lang=zh#t-{reply.turn_id}"
    replay = bot.store.reviews.replay(1)
    assert (replay.tags, [note.text for note in replay.notes]) == (("first",), ["看这里"])
    assert replay.right == {reply.turn_id: ("456",)}
    example = replay.corrections[0].example
    assert example["wish"] == "我喜欢品牌T恤和牛仔裤"
    assert "T恤" in example["fits"]
    assert request_of(example).part == ""  # it is read as `zhiyin train` reads it
    client.post("/review/items/hide", data={"item_id": item_id})
    acts = [entry.act for _, entry in bot.store.reviews.audit()]
    assert acts == ["hide item", "right item", "correct", "verdict", "note", "tag", "login"]
    log = client.get("/review/audit").text
    assert "看这里" not in log
    assert "hide item" in log
    page = client.get("/review/conversations/1").text
    for told in ("胸前绣着泊川的小帆船。", "看这里", "#first", "hidden from all", "This turn should have shown"):
        assert told in page
    assert (
        client.post("/review/conversations/1/correct", data={**turn, "part": "opening", "line": " "}).status_code == 422
    )
    assert client.post("/review/conversations/1/erase", data=turn).status_code == 404
    assert session_id


def test_two_reviewers_agreement_is_shown(bot: Bot, mind: Mind) -> None:
    for _ in range(4):
        converse(bot, "你好")
    reviews = bot.store.reviews
    for number, (one, other) in enumerate([("good", "good"), ("bad", "bad"), ("good", "bad"), ("good", "good")], 1):
        reviews.judge(number, one, "lin")
        reviews.judge(number, other, "zhou")
    page = client_of(bot, mind, "guest").get("/review/agreement").text
    assert "0.50" in page
    assert "/review/conversations/3" in page


# -- what is shown


def test_a_list_is_filtered_by_its_address_and_a_wrong_filter_is_named(bot: Bot, mind: Mind) -> None:
    converse(bot, "我喜欢品牌T恤和牛仔裤")
    converse(bot, "a slow film", lang="en")
    client = client_of(bot, mind, "guest")
    page = client.get("/review?lang=en&state=open").text
    assert "a slow film" in page
    assert "牛仔裤" not in page
    assert "我喜欢品牌T恤" in client.get("/review", params={"q": "牛仔"}).text
    for query, named in {
        "colour=red": "colour",
        "lang=fr": "lang",
        "since=yesterday": "since",
        "before=x": "before",
        "slow=maybe": "slow",
        "state=gone": "state",
    }.items():
        refused = client.get(f"/review?{query}")
        assert refused.status_code == 422, query
        assert f"{named}: " in refused.text
    assert client.get("/review/conversations/99").status_code == 404
    assert client.get("/review/conversations/x").status_code == 404


def test_a_replay_shows_what_was_heard_shown_and_done(bot: Bot, mind: Mind) -> None:
    session_id, replies = converse(bot, "我喜欢品牌T恤和牛仔裤", "不要黑色的，300元以内", "有没有潜水艇")
    item_id = dislike_first(bot, session_id, replies[0].slate, replies[0].turn_id)
    page = client_of(bot, mind, "guest").get("/review/conversations/1").text
    card = replies[0].slate.cards[0]
    for told in (
        card.item.title,
        item_id,
        f"{card.score:.2f}",
        card.because[0].text,
        "disliked",
        "300元以内",
        "潜水艇",
    ):
        assert str(told).replace("“", "“") in page
    assert page.count('class="pic pic-threads"') == 3
    assert page.count('class="pic pic-spent"') == 3


def test_what_visitors_say_is_shown_as_text(bot: Bot, mind: Mind) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }}"
    converse(bot, evil)
    client = client_of(bot, mind, "lin")
    client.post("/review/conversations/1/note", data={"text": evil})
    for path in ("/review", "/review/conversations/1", "/review/conversations/1/story", "/review/overview"):
        answer = client.get(path)
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "'unsafe" not in answer.headers["content-security-policy"]


def test_once_more_says_what_differs_and_a_weight_can_be_changed(bot: Bot, mind: Mind) -> None:
    converse(bot, "我喜欢品牌T恤和牛仔裤", "换一批")
    asked = [message.turn_id for message in bot.store.reviews.replay(1).messages if message.role == "user"]
    client = client_of(bot, mind, "guest")
    same = client.post("/review/conversations/1/again", data={})
    assert "2 of 2 turns show the same cards" in same.text
    other = client.post("/review/conversations/1/again", data={f"say.{asked[0]}": "想看科幻电影", "weight.words": "0"})
    assert "0 of 2 turns" in other.text
    assert "想看科幻电影" in other.text
    for weight in ("much", "-1", "nan", "11"):
        assert client.post("/review/conversations/1/again", data={"weight.words": weight}).status_code == 422
    assert len(bot.store.messages(bot.store.reviews.replay(1).session.session_id)) == 4, "nothing was kept of it"


def test_a_story_expects_what_reviewers_marked(bot: Bot, mind: Mind, tmp_path: Path) -> None:
    session_id, (first, _) = converse(bot, "我喜欢品牌T恤和牛仔裤", "换一批")
    item_id = dislike_first(bot, session_id, first.slate, first.turn_id)
    reviews = bot.store.reviews
    reviews.judge(1, "bad", "lin", first.turn_id)
    reviews.set_right(1, first.turn_id, "456", "lin")
    client = client_of(bot, mind, "guest")
    file = client.get("/review/conversations/1/story.yaml")
    path = tmp_path / "found.yaml"
    path.write_text(file.text, encoding="utf-8")
    (story,) = read_stories(path)
    assert len(story.turns) == 3
    expected = yaml.safe_load(file.text)[0]["turns"][0]["expect"]
    assert expected == {"cards": ["456"], "none": {"id": [item_id]}}
    played = client.post("/review/conversations/1/story", data={"story": "- name: x\n  turns:\n  - say: 你好\n"})
    assert 'data-story="held"' in played.text
    broken = client.post("/review/conversations/1/story", data={"story": "- name: x"})
    assert broken.status_code == 422
    assert "turns" in broken.text


def test_an_empty_conversation_makes_no_story(bot: Bot, mind: Mind) -> None:
    session_id, _ = converse(bot, "你好")
    with sqlite_of(bot) as db:
        db.exec_driver_sql("DELETE FROM messages")
    client = client_of(bot, mind, "lin")
    for path in ("/review/conversations/1/story", "/review/conversations/1/story.yaml"):
        refused = client.get(path)
        assert refused.status_code == 422
        assert "nothing was said" in refused.text
    assert client.post("/review/conversations/1/again", data={}).status_code == 422
    assert client.get("/review/conversations/1").status_code == 200
    assert session_id


@contextmanager
def sqlite_of(bot: Bot) -> Iterator[Any]:
    with bot.store._engine.begin() as connection:
        yield connection


# -- what leaves it


def test_exports_hold_what_is_filtered(bot: Bot, mind: Mind) -> None:
    session_id, (reply,) = converse(bot, "我喜欢品牌T恤和牛仔裤")
    converse(bot, "=cmd|' /C calc'!A0", lang="en")
    item_id = dislike_first(bot, session_id, reply.slate, reply.turn_id)
    reviews = bot.store.reviews
    reviews.judge(1, "bad", "lin", reply.turn_id)
    client = client_of(bot, mind, "lin")
    line = {"turn_id": reply.turn_id, "part": item_id, "line": "胸前绣着小帆船。"}
    client.post("/review/conversations/1/correct", data=line)

    whole = [json.loads(row) for row in client.get("/review/export/jsonl").text.splitlines()]
    assert [one["conversation"] for one in whole] == [2, 1]
    only = client.get("/review/export/jsonl?feedback=dislike")
    assert "attachment" in only.headers["content-disposition"]
    (one,) = [json.loads(row) for row in only.text.splitlines()]
    assert one["messages"][0]["text"] == "我喜欢品牌T恤和牛仔裤"
    assert one["messages"][1]["slate"][0]["item_id"] == item_id
    assert one["messages"][1]["interest"]["threads"]
    assert one["verdicts"] == [{"turn_id": reply.turn_id, "verdict": "bad", "reviewer": "lin"}]

    rows = list(csv.DictReader(io.StringIO(client.get("/review/export/csv").text.removeprefix("\ufeff"))))
    assert [row["said"] for row in rows] == ["'=cmd|' /C calc'!A0", "我喜欢品牌T恤和牛仔裤"]
    assert rows[1]["disliked"] == item_id

    (chat,) = [json.loads(row) for row in client.get("/review/export/messages?lang=zh").text.splitlines()]
    assert [message["role"] for message in chat["messages"]] == ["user", "assistant"]
    (sentence,) = [json.loads(row) for row in client.get("/review/export/training").text.splitlines()]
    assert sentence["line"] == "胸前绣着小帆船。"
    assert request_of(sentence).item.title == reply.slate.cards[0].item.title  # type: ignore[union-attr]
    acts = [entry.act for _, entry in reviews.audit()]
    assert acts[:2] == ["export training", "export messages"]


def test_an_export_of_nothing_says_so(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, "guest")
    for kind in ("jsonl", "csv", "messages", "training"):
        refused = client.get(f"/review/export/{kind}?tag=none")
        assert refused.status_code == 422
        assert "nothing is left to export" in refused.text
    assert client.get("/review/export/xml").status_code == 404


# -- the catalogue


def test_the_catalogue_is_searched_and_its_twins_are_found(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, "guest")
    assert "时尚牛仔裤" in client.get("/review/catalogue?q=牛仔裤").text
    assert client.get("/review/catalogue?which=never").text.count("<tr>") == 51
    assert client.get("/review/catalogue?which=twins").status_code == 200
    assert client.get("/review/catalogue?which=worst").status_code == 422


def test_an_upload_takes_the_good_lines_and_lists_the_bad(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, "lin")
    lines = '{"id": "n1", "title": "新书", "domain": "book"}\n{"id": "n2", "domain": "book"}\nnot json\n'

    def send(data: bytes, name: str, **form: str) -> httpx.Response:
        return client.post("/review/catalogue/import", files={"file": (name, data)}, data=form)

    checked = send(lines.encode(), "new.jsonl", dry_run="yes")
    assert "1 items read, 1 new, 0 changed, 2 lines refused" in checked.text
    assert "n1" not in bot.store.item_checksums()
    taken = send(lines.encode(), "new.jsonl")
    assert "title" in taken.text
    assert "n1" in bot.store.item_checksums()
    known = bot.store.item_checksums()
    assert send(b"\xff\xfe\x00\x01", "broken.csv").status_code == 200
    assert send(b"x", "new.exe").status_code == 422
    assert client.post("/review/catalogue/import", data={}).status_code == 422
    assert bot.store.item_checksums() == known


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(bot: Bot, mind: Mind) -> None:
    client = client_of(bot, mind, "lin")
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1
            yield b"x" * (1 << 20)

    told = {"content-type": "multipart/form-data; boundary=b"}
    stated = client.post("/review/catalogue/import", content=b"", headers={**told, "content-length": str(200 << 20)})
    assert stated.status_code == 413
    streamed = client.post("/review/catalogue/import", content=body(), headers=told)
    assert streamed.status_code == 413


# -- the numbers


def test_shares_have_their_interval() -> None:
    none, half = share(0, 10), share(5, 10)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.2775, abs=1e-4)
    assert (half.low, half.high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert (share(0, 0).low, share(0, 0).high) == (0, 1)


def test_agreement_is_beyond_chance() -> None:
    assert kappa([("a", "a"), ("b", "b")]) == 1
    assert kappa([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]) == 0
    assert kappa([]) is None
    assert kappa([("a", "a")]) is None


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile([1.0, 2.0, 3.0, 4.0], q) for q in (0, 0.5, 0.95)] == [1, 2, 4]


def test_every_text_is_there_in_both_languages() -> None:
    zh, en = texts("zh").by_name, texts("en").by_name
    assert zh.keys() == en.keys()
    for name, text in zh.items():
        assert text, name
        assert en[name], name
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", en[name])), name


# -- a journey


@contextmanager
def serving(bot: Bot, mind: Mind) -> Iterator[str]:
    with free_port("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app_of(bot, mind), log_level="error", ws="none"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        end = monotonic() + 30
        while not server.started:
            assert monotonic() < end
            sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def enter(page: Page, address: str, path: str = "") -> None:
    page.goto(f"{address}/review{path}")
    page.get_by_label("Name").fill("lin")
    page.get_by_label("Password").fill("plum")
    page.keyboard.press("Enter")


def test_a_disliked_reply_is_found_corrected_exported_and_made_a_story_that_runs(
    bot: Bot, mind: Mind, browser: Browser, tmp_path: Path, data_dir: Path
) -> None:
    converse(bot, "a slow science-fiction film", lang="en")
    session_id, (reply,) = converse(bot, "我喜欢品牌T恤和牛仔裤")
    dislike_first(bot, session_id, reply.slate, reply.turn_id)
    converse(bot, "你好")
    with serving(bot, mind) as address:
        page = browser.new_page(locale="en-US")
        enter(page, address)
        expect(page.get_by_role("status")).to_have_text("3 conversations")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Escape")
        page.get_by_label("Feedback").select_option("dislike")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("[data-row]")).to_have_count(1)
        assert "feedback=dislike" in page.url
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Conversation 2")).to_be_visible()

        card = page.locator(".card", has=page.locator(".mark-dislike"))
        expect(card).to_have_count(1)
        card.get_by_text("Correct this line").click()
        card.get_by_role("textbox").fill("胸前绣着泊川的小帆船，棉质。")
        card.get_by_role("button", name="Save").click()
        expect(page.locator(".corrected")).to_contain_text("小帆船")
        turn = page.locator(f"#t-{reply.turn_id}")
        turn.locator(".judge").get_by_role("button", name="bad").click()
        expect(turn.locator(".judge .mark-bad")).to_contain_text("lin")

        page.keyboard.press("u")
        assert "feedback=dislike" in page.url
        with page.expect_download() as getting:
            page.get_by_role("link", name="training sentences").click()
        sentence = json.loads(Path(getting.value.path()).read_text(encoding="utf-8"))
        assert sentence["line"] == "胸前绣着泊川的小帆船，棉质。"

        page.locator("[data-row]").first.click()
        page.get_by_role("link", name="Make a story").click()
        page.get_by_label("The story").fill(
            "- name: 问候\n  lang: zh\n  turns:\n  - say: 想看电影\n    expect: {every: {domain: film}}\n"
        )
        page.get_by_role("button", name="Play it").click()
        expect(page.locator("[data-story=held]")).to_be_visible()
        page.go_back()
        bot.store.reviews.judge(2, "", "lin", reply.turn_id)  # as it is, the story asks for what was not shown then
        with page.expect_download() as getting:
            page.get_by_role("link", name="Download").click()
        story = tmp_path / "disliked.yaml"
        getting.value.save_as(story)
        page.close()
    env = {
        **os.environ,
        "ZHIYIN_DATA_DIR": str(data_dir),
        "ZHIYIN_MODELS_DIR": str(ROOT / "models"),
        "ZHIYIN_LLM": "none",
    }
    command = [sys.executable, "-m", "bot.cli", "test", str(story)]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("lang", "scheme", "width"), [("zh-CN", "light", 1280), ("en-US", "dark", 390)])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_window(
    bot: Bot, mind: Mind, browser: Browser, lang: str, scheme: Any, width: int
) -> None:
    session_id, (first, _) = converse(bot, "我喜欢品牌T恤和牛仔裤", "有没有潜水艇，300元以内")
    dislike_first(bot, session_id, first.slate, first.turn_id)
    reviews = bot.store.reviews
    for name in ("lin", "zhou"):
        reviews.judge(1, "bad", name, first.turn_id)
    reviews.tag(1, "tag", "lin")
    reviews.note(1, "note", "lin", first.turn_id)
    with serving(bot, mind) as address:
        context = browser.new_context(locale=lang, color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{address}/review/login")
        assert violations(page) == []
        form = {"name": "lin", "password": "plum"}
        assert context.request.post(f"{address}/review/login", form=form).ok
        places = ("", "/conversations/1", "/conversations/1/story", "/overview", "/overview?b_lang=en")
        places += ("/catalogue", "/catalogue?which=twins", "/agreement", "/audit", "?lang=fr")
        for place in places:
            page.goto(f"{address}/review{place}")
            assert violations(page) == [], place
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        page.goto(f"{address}/review/conversations/1")
        page.locator("form[action$='/again'] button").first.click()
        assert violations(page) == []
        assert [said for said in complaints if "422" not in said] == []
        context.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]
