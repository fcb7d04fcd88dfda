"""The chat page: what it sends, whom it answers, what it lets through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient

from bot.interest.state import Dialogue, Interest, Thread, Word, from_state, to_state
from bot.loading import Status
from bot.reply import Because, Card, Delta, Reply, ReplyEvent, Slate
from bot.settings import Settings
from bot.understanding.turn import Question
from bot.web.cards import card_json, glyph, pressed, stored_turns, tint, web_address
from bot.web.guard import allowed
from bot.web.limits import Limits
from bot.web.page import SCRIPTS, ChatPage, mount_page, static
from bot.web.suggestions import Suggestions
from bot.web.visitor import LANG_COOKIE, SESSION_COOKIE, page_lang
from errors import InputError, NotFound, NotReady, StorageError
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
QUESTION = Question("attributes.audience", "给谁穿？", ("给自己", "给孩子"))


def card(item: Item) -> Card:
    return Card(item, 1.0, {"interest": 1.0}, (Because("word", "你说的", "t"),))


class SmallBot:
    """Answers everything with the two items; keeps what it says in a real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ready = True
        self.breaks = False

    def item(self, item_id: str) -> Item:
        if item_id not in ITEMS:
            raise NotFound(what="item", id=item_id)
        return ITEMS[item_id]

    def edit_interest(self, session_id: str, remove: Sequence[str] = (), pin: Sequence[str] = ()) -> Interest:
        interest, version = self.interest(session_id), self.store.interest(session_id).version
        if not {word.text for thread in interest.threads for word in thread.words} >= {*remove, *pin}:
            raise InputError(field="remove", zh_reason="没有它", reason="there is no such thing")
        threads = tuple(
            replace(thread, words=words)
            for thread in interest.threads
            if (words := tuple(replace(w, pinned=w.text in pin) for w in thread.words if w.text not in remove))
        )
        interest = replace(interest, threads=threads)
        self.store.save_interest(session_id, InterestChange(to_state(interest), version))
        return interest

    def slate(self, session_id: str) -> Slate:
        slate = Slate(new_id(), (card(JEANS),))
        self.store.add_slate(session_id, draft(slate))
        return slate

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
        slate = Slate(new_id(), (card(SHIRT), card(JEANS)), unmet=("雪",), question=QUESTION)
        word = Word("T恤", "t恤", 1.0, said.turn_id)
        threads = (Thread(np.ones(2, np.float32), 1.0, (word,), "clothing"),)
        interest = Interest(threads, dialogue=Dialogue(question=QUESTION))
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


class SmallCatalogue(NamedTuple):
    items: tuple[Item, ...]


class SmallLoader:
    def status(self) -> Status:
        return Status()


def draft(slate: Slate) -> SlateDraft:
    shown = (ImpressionRecord(rank, c.item.id, c.score, c.parts) for rank, c in enumerate(slate.cards, 1))
    return SlateDraft(tuple(shown), slate.unmet, slate.slate_id)


@pytest.fixture
def bot(tmp_path: Path) -> SmallBot:
    return SmallBot(Store(open_database(Settings(data_dir=tmp_path).database)))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallBot, TestClient]]:
    bot = SmallBot(Store(open_database(Settings(data_dir=tmp_path_factory.mktemp("site")).database)))
    app = FastAPI(docs_url=None, openapi_url=None)
    suggestions = Suggestions(lambda: SmallCatalogue(tuple(ITEMS.values())))
    app.add_middleware(CORSMiddleware, allow_origins=[])

    async def build() -> None:
        mount_page(app, bot, SmallLoader(), suggestions, Limits.of(Settings()))

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


def page_of(bot: SmallBot) -> ChatPage:
    return ChatPage(bot, Suggestions(lambda: SmallCatalogue(tuple(ITEMS.values()))), Limits.of(Settings()))


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


def test_the_scripts_make_text_nodes_only() -> None:
    script = "".join(map(static, SCRIPTS))
    assert not any(
        word in script for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
    )


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
    page = page_of(bot)
    session, _ = bot.open_session("right", "zh")
    assert "error" in page.visit(asking())
    assert "error" in page.visit(asking(session, "wrong"))
    assert "error" in page.press(event(item_id="123", kind="like"), asking(session, "wrong"))
    [(turn, _)] = list(page.say(event(key="k", text="嗨"), asking(session, "wrong")))
    assert turn["state"] == "gone"
    assert bot.store.messages(session.session_id) == []


def test_a_page_left_open_on_another_session_is_told_so(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    [(turn, _)] = list(page_of(bot).say(event(key="k", text="嗨", session_id="old"), asking(session, "right")))
    assert turn["state"] == "gone"


# -- talking


def test_cards_come_before_words_and_all_of_it_comes_back(bot: SmallBot) -> None:
    page = page_of(bot)
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
    assert last["question"] == {"text": "给谁穿？", "answers": ["给自己", "给孩子"]}

    opening, turn = page.visit(request)["turns"]
    assert opening["said"] == ""
    assert [shown["id"] for shown in opening["cards"]] == ["123"]
    assert {**turn, "key": "k"} == {**last, "cards": turn["cards"]}
    assert [shown["id"] for shown in turn["cards"]] == ["123", "456"]


def test_a_visitor_who_leaves_ends_the_reply(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    steps = page_of(bot).say(event(key="k", text="T恤"), asking(session, "right"))
    next(steps)
    steps.close()
    assert stored_turns(bot, session.session_id, "zh")[-1]["state"] == "stopped"


def test_an_error_is_a_sentence_in_the_visitors_language(bot: SmallBot) -> None:
    bot.breaks = True
    session, _ = bot.open_session("right", "zh")
    *_, (turn, _) = page_of(bot).say(event(key="k", text="T恤"), asking(session, "right"))
    assert turn["error"] == StorageError(zh_reason="满了", reason="it is full").say("zh")
    assert turn["state"] == "done"


def test_a_message_that_is_no_text_is_empty(bot: SmallBot) -> None:
    session, _ = bot.open_session("right", "zh")
    steps = list(page_of(bot).say(gr.EventData(None, ["x"]), asking(session, "right")))
    assert steps[-1][0]["said"] == ""


# -- changing the interest by hand


def test_an_edit_is_felt_and_a_slate_follows_it(bot: SmallBot) -> None:
    page = page_of(bot)
    session, _ = bot.open_session("right", "zh")
    request = asking(session, "right")
    list(page.say(event(key="k", text="T恤"), request))

    def edit(act: str, label: str) -> list[tuple[Any, Any]]:
        return list(page.edit(event(session_id=session.session_id, act=act, label=label), request))

    (_, pinned), (first, _) = edit("pin", "T恤")
    assert pinned["interest"]["threads"][0]["words"][0]["pinned"]
    (_, felt), (turn, _) = edit("remove", "T恤")
    assert felt["interest"]["threads"] == []
    assert (turn["kind"], turn["said"], turn["state"]) == ("edited", "", "done")
    assert [shown["id"] for shown in turn["cards"]] == ["456"]

    kinds = [turn["kind"] for turn in page.visit(request)["turns"]]
    assert kinds == ["opening", "", "edited"]
    assert page.visit(request)["turns"][-1]["key"] == turn["key"] != first["key"]


def test_what_follows_an_edit_comes_after_it(bot: SmallBot) -> None:
    page = page_of(bot)
    session, _ = bot.open_session("right", "zh")
    request = asking(session, "right")
    list(page.say(event(key="k", text="T恤"), request))
    list(page.edit(event(act="remove", label="T恤"), request))
    list(page.say(event(key="l", text="还要T恤"), request))
    turns = page.visit(request)["turns"]
    assert [(turn["kind"], turn["said"]) for turn in turns] == [
        ("opening", ""), ("", "T恤"), ("edited", ""), ("", "还要T恤"),
    ]  # fmt: skip
    assert [bool(turn["question"]) for turn in turns] == [False, False, False, True]


@pytest.mark.parametrize(("act", "label"), [("remove", "nothing"), ("delete", "T恤"), ("", "")])
def test_an_edit_that_cannot_be_made_is_a_sentence(bot: SmallBot, act: str, label: str) -> None:
    session, _ = bot.open_session("right", "zh")
    [(_, felt)] = list(page_of(bot).edit(event(act=act, label=label), asking(session, "right")))
    assert felt["error"]
    assert len(bot.store.slates(session.session_id)) == 1
    [(_, refused)] = list(page_of(bot).edit(event(act="remove", label="T恤"), asking(session, "wrong")))
    assert refused["error"]


# -- pressing


def test_presses_toggle_replace_and_stay(bot: SmallBot) -> None:
    page = page_of(bot)
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
    assert "error" in page_of(bot).press(event(item_id=item_id, kind=kind), asking(session, "right"))
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
