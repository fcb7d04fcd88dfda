"""The chat page: what it sends, whom it answers, what it lets through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient

from bot.interest.state import Interest, Thread, Word, from_state, to_state
from bot.loading import Status
from bot.reply import Because, Card, Delta, Reply, ReplyEvent, Slate
from bot.web.cards import card_json, glyph, pressed, stored_turns, tint, web_address
from bot.web.guard import allowed
from bot.web.page import ChatPage, mount_page, static
from bot.web.visitor import LANG_COOKIE, SESSION_COOKIE, page_lang
from errors import NotReady, StorageError
from retrieval.items import Item
from storage.database import open_database
from storage.records import (
    FeedbackRecord,
    ImpressionRecord,
    InterestChange,
    SessionRecord,
    SlateDraft,
    new_id,
)
from storage.store import Store

EVIL = "<img src=x onerror=alert(1)> ${alert(1)} {{value}} \\u"
SHIRT = Item(
    "123", "品牌T恤", "clothing", category="T恤", price=199, currency="CNY", tags=("a", "b", "c", "d", "e"),
    attributes={"color": ("白色", "藏青")}, i18n={"en": {"title": "Brand T-shirt", "category": "T-shirts"}},
)  # fmt: skip
JEANS = Item("456", "时尚牛仔裤", "clothing", category="牛仔裤", attributes={"color": "深蓝"}, description=EVIL)
ITEMS = {item.id: item for item in (SHIRT, JEANS)}


def card(item: Item) -> Card:
    return Card(item, 1.0, {"interest": 1.0}, (Because("word", "你说的", "t"),))


class SmallBot:
    """Answers everything with the two items; keeps what it says in a real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ready = True
        self.breaks = False

    def domains(self, lang: str) -> list[tuple[str, str]]:
        return [("clothing", "T恤")]

    def open_session(self, token: str, lang: str) -> tuple[SessionRecord, Slate]:
        if not self.ready:
            raise NotReady(missing="encoder")
        session = self.store.create_session(token, lang)
        slate = Slate(new_id(), (card(SHIRT),))
        self.store.add_slate(session.session_id, draft(slate))
        return session, slate

    def reply(self, session_id: str, text: str) -> Iterator[ReplyEvent]:
        version = self.store.interest(session_id).version
        said = self.store.add_user_message(session_id, text, "zh")
        slate = Slate(new_id(), (card(SHIRT), card(JEANS)), unmet=("雪",))
        word = Word("T恤", "t恤", 1.0, said.turn_id)
        interest = Interest((Thread(np.ones(2, np.float32), 1.0, (word,), "clothing"),))
        answer = self.store.start_reply(
            session_id,
            lang="zh",
            intent="ask",
            understanding={},
            slate=draft(slate),
            interest=InterestChange(to_state(interest), version),
        )
        yield slate
        words = {"opening": "看看", "123": "一件", "456": "一条"}
        complete = False
        try:
            for part, piece in words.items():
                yield Delta(part, piece)
                if self.breaks:
                    raise StorageError(zh_reason="满了", reason="it is full")
            complete = True
        finally:
            lines = {"123": words["123"], "456": words["456"]} if complete else {}
            self.store.finish_reply(
                answer.turn_id, text="看看", lines=lines, line_outcomes={}, timings={}, complete=complete
            )
        yield Reply(answer.turn_id, slate, "看看", lines, "ask", True, {})

    def feedback(self, session_id: str, item_id: str, kind: str, turn_id: str | None = None) -> FeedbackRecord:
        if kind == "undo":
            return self.store.undo_feedback(session_id, item_id)
        return self.store.add_feedback(session_id, item_id, kind, turn_id=turn_id)

    def interest(self, session_id: str) -> Interest:
        return from_state(self.store.interest(session_id).state, 2)

    def cards(self, slates: Sequence[tuple[str, Sequence[ImpressionRecord]]], lang: str) -> dict[str, list[Card]]:
        return {slate_id: [card(ITEMS[i.item_id].localized(lang)) for i in shown] for slate_id, shown in slates}


class SmallLoader:
    def status(self) -> Status:
        return Status()


def draft(slate: Slate) -> SlateDraft:
    shown = (ImpressionRecord(rank, c.item.id, c.score, c.parts) for rank, c in enumerate(slate.cards, 1))
    return SlateDraft(tuple(shown), slate.unmet, slate.slate_id)


@pytest.fixture
def bot(tmp_path: Path) -> SmallBot:
    return SmallBot(Store(open_database(f"sqlite:///{tmp_path / 'zhiyin.db'}")))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallBot, TestClient]]:
    bot = SmallBot(Store(open_database(f"sqlite:///{tmp_path_factory.mktemp('site') / 'zhiyin.db'}")))
    app = FastAPI(docs_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])

    async def build() -> None:
        mount_page(app, bot, SmallLoader())

    # Outside a running loop Gradio makes one of its own and leaves it open.
    asyncio.run(build())
    with TestClient(app) as client:
        yield bot, client


@pytest.fixture
def site(shared: tuple[SmallBot, TestClient]) -> TestClient:
    client = shared[1]
    client.cookies.clear()
    return client


@pytest.fixture
def site_bot(shared: tuple[SmallBot, TestClient]) -> SmallBot:
    return shared[0]


def asking(session: SessionRecord | None = None, token: str = "", **cookies: str) -> gr.Request:
    if session:
        cookies[SESSION_COOKIE] = f"{session.session_id}.{token}"
    return gr.Request(cookies=cookies, headers={"accept-language": "zh-CN"})


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


# -- cards


def test_a_card_carries_texts_as_they_are_and_at_most_four_tags() -> None:
    shown = card_json(card(replace(JEANS, title=EVIL)), "zh")
    assert shown["title"] == shown["description"] == EVIL
    assert shown["facts"] == [["颜色", "深蓝"]]
    assert card_json(card(SHIRT), "zh")["tags"] == ["a", "b", "c", "d"]
    assert card_json(card(SHIRT), "en")["price"] == "199 yuan"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example/1", "https://shop.example/1"),
        ("http://shop.example", "http://shop.example"),
        ("javascript:alert(1)", ""),
        (" JaVaScRiPt:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//shop.example", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_linked(url: str, kept: str) -> None:
    assert web_address(url) == kept


def test_the_picture_has_the_items_own_colour_and_shape() -> None:
    for blue in (SHIRT, JEANS):
        hue, colour = tint(blue)
        assert abs(hue - 255) <= 18
        assert colour == 1.0
    assert tint(replace(SHIRT, attributes={"color": "黑色"}))[1] < 0.5
    assert tint(replace(SHIRT, attributes={})) == tint(replace(SHIRT, title="other", attributes={}))
    assert glyph(SHIRT) == "clothing"
    assert glyph(JEANS) == glyph(replace(SHIRT, category="jeans")) == "trousers"
    assert glyph(replace(SHIRT, domain="film")) == "film"


def test_the_template_holds_no_place_where_text_could_be_evaluated() -> None:
    assert not any(mark in static("page.html") for mark in ("{{", "${", "`", "\\"))


# -- whose page it is


def test_the_cookie_opens_the_same_session_until_a_fresh_one_is_asked(site: TestClient, site_bot: SmallBot) -> None:
    first = site.post("/page/session", json={"lang": "en"})
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    session_id = first.json()["session_id"]
    assert site_bot.store.session(session_id).lang == "en"
    assert site.post("/page/session", json={}).json()["session_id"] == session_id
    fresh = site.post("/page/session", json={"fresh": True}).json()["session_id"]
    assert fresh != session_id
    assert site_bot.store.session(session_id)


def test_a_wrong_cookie_gets_a_new_session(site: TestClient) -> None:
    session_id = site.post("/page/session", json={}).json()["session_id"]
    site.cookies.clear()
    site.cookies.set(SESSION_COOKIE, f"{session_id}.guessed")
    assert site.post("/page/session", json={}).json()["session_id"] != session_id


def test_while_models_load_the_page_is_told_to_wait(site: TestClient, site_bot: SmallBot) -> None:
    site_bot.ready = False
    answer = site.post("/page/session", json={"lang": "zh"})
    site_bot.ready = True
    assert answer.status_code == 503
    assert "还在准备" in answer.json()["detail"]
    assert answer.json()["failed"] is False


def test_a_form_of_another_site_opens_nothing(site: TestClient) -> None:
    answer = site.post("/page/session", content="{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 422
    assert SESSION_COOKIE not in answer.cookies


def test_the_chosen_language_wins_over_the_browsers() -> None:
    assert page_lang({LANG_COOKIE: "en"}, "zh-CN") == "en"
    assert page_lang({}, "zh-CN,en;q=0.8") == "zh"
    assert page_lang({LANG_COOKIE: "xx"}, None) == "en"


def test_no_cookie_no_conversation(bot: SmallBot) -> None:
    page = ChatPage(bot)
    session, _ = bot.open_session("right", "zh")
    assert "error" in page.visit(asking())
    assert "error" in page.visit(asking(session, "wrong"))
    assert "error" in page.press(event(item_id="123", kind="like"), asking(session, "wrong"))
    [(turn, _)] = list(page.say(event(key="k", text="嗨"), asking(session, "wrong")))
    assert turn["state"] == "gone"
    assert bot.store.messages(session.session_id) == []


def test_a_page_left_open_on_another_session_is_told_so(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    [(turn, _)] = list(ChatPage(bot).say(event(key="k", text="嗨", session_id="old"), asking(session, "right")))
    assert turn["state"] == "gone"


# -- talking


def test_cards_come_before_words_and_all_of_it_comes_back(bot: SmallBot) -> None:
    page = ChatPage(bot)
    session, _ = bot.open_session("right", "zh")
    request = asking(session, "right")
    steps = list(page.say(event(key="k", text="T恤", session_id=session.session_id), request))
    first, felt = steps[0]
    assert [shown["id"] for shown in first["cards"]] == ["123", "456"]
    assert first["words"] == {}
    assert first["unmet"] == ["雪"]
    assert felt["interest"]["threads"][0]["label"] == "T恤"
    last, _ = steps[-1]
    assert last["state"] == "done"
    assert last["words"] == {"opening": "看看", "123": "一件", "456": "一条"}

    opening, turn = page.visit(request)["turns"]
    assert opening["said"] == ""
    assert [shown["id"] for shown in opening["cards"]] == ["123"]
    assert {**turn, "key": "k"} == {**last, "cards": turn["cards"]}
    assert [shown["id"] for shown in turn["cards"]] == ["123", "456"]


def test_a_visitor_who_leaves_ends_the_reply(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    steps = ChatPage(bot).say(event(key="k", text="T恤"), asking(session, "right"))
    next(steps)
    steps.close()
    assert stored_turns(bot, session.session_id, "zh")[-1]["state"] == "stopped"


def test_an_error_is_a_sentence_in_the_visitors_language(bot: SmallBot) -> None:
    bot.breaks = True
    session, _ = bot.open_session("right", "zh")
    *_, (turn, _) = ChatPage(bot).say(event(key="k", text="T恤"), asking(session, "right"))
    assert turn["error"] == StorageError(zh_reason="满了", reason="it is full").say("zh")
    assert turn["state"] == "done"


def test_a_message_that_is_no_text_is_empty(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    steps = list(ChatPage(bot).say(gr.EventData(None, ["x"]), asking(session, "right")))
    assert steps[-1][0]["said"] == ""


# -- pressing


def test_presses_toggle_replace_and_stay(bot: SmallBot) -> None:
    page = ChatPage(bot)
    session, slate = bot.open_session("right", "zh")
    request = asking(session, "right")

    def press(kind: str) -> dict[str, str]:
        return page.press(event(item_id="123", kind=kind), request)["pressed"]

    assert press("like") == {"123": "like"}
    assert press("click") == {"123": "like"}
    assert page.visit(request)["pressed"] == {"123": "like"}
    assert press("dislike") == {"123": "dislike"}
    assert press("dislike") == {}
    assert pressed(bot.store.feedback(session.session_id)) == {}
    assert bot.store.slates(session.session_id)[0].slate_id == slate.slate_id


@pytest.mark.parametrize(("item_id", "kind"), [("456", "like"), ("nothing", "like"), ("123", "purchase"), ("123", "")])
def test_only_what_was_shown_can_be_pressed(bot: SmallBot, item_id: str, kind: str) -> None:
    session, _ = bot.open_session("right", "zh")
    assert "error" in ChatPage(bot).press(event(item_id=item_id, kind=kind), asking(session, "right"))
    assert bot.store.feedback(session.session_id) == []


# -- what is let through


def test_the_page_is_served_with_its_headers(site: TestClient) -> None:
    answer = site.get("/")
    assert answer.status_code == 200
    assert "知音" in answer.text
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert site.get("/favicon.ico").status_code == 200
    assert not allowed("/assets/../config")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/call/say",
        "/gradio_api/run/say",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/proxy=http://example.com",
        "/gradio_api/component_server",
        "/monitoring",
        "/docs",
        "/page/other",
    ],
)
def test_everything_else_is_not_there(site: TestClient, path: str) -> None:
    assert not allowed(path)
    assert site.get(path).status_code == 404
    assert site.post(path).status_code == 404
