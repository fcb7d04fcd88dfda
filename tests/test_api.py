"""The HTTP interface as the contract has it, over the real bot and sample catalogue."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.bot import Bot, Mind
from bot.loading import Status
from bot.phrasing.language_model import Prompt
from bot.reply import Delta, ReplyEvent, Slate
from bot.settings import Settings
from bot.web.server import create_app
from bot.web.streams import in_threads, sse_of
from errors import NotReady, StorageError
from storage.database import open_database
from storage.records import SessionRecord
from storage.store import Store

SEED = "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤"
SEED_EN = "I like browsing fashionable clothes, especially brand-name T-shirts and jeans"
CARD = {
    "id", "title", "domain", "category", "brand", "price", "currency", "year", "tags", "url", "image_url",
    "score", "parts", "because",
}  # fmt: skip
REPLY = {"turn_id", "slate", "text", "lines", "intent", "complete", "words", "words_reason", "timings_ms"}
JSON = {"Accept": "application/json"}


class Loading:
    """What answers, and how ready it is; without a mind it is still loading."""

    def __init__(self, mind: Mind) -> None:
        self.mind: Mind | None = mind

    def __call__(self) -> Mind:
        if self.mind is None:
            raise NotReady(missing="encoder, catalogue")
        return self.mind

    def status(self) -> Status:
        return Status(items=643) if self.mind else Status(missing=("encoder", "catalogue"))


class BreakingStore(Store):
    """A store that can be told to break, in one way or another."""

    error: Exception | None = None
    at_the_end: Exception | None = None

    def finish_reply(self, *given: Any, **more: Any) -> None:
        if self.at_the_end is not None:
            raise self.at_the_end
        super().finish_reply(*given, **more)

    def session(self, session_id: str) -> SessionRecord:
        if self.error is not None:
            raise self.error
        return super().session(session_id)


class Writer:
    """A language model that writes the same for every part, letter by letter."""

    name = "writer"

    def __init__(self, line: str) -> None:
        self.line = line

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        for letter in self.line:
            for index in range(len(prompts)):
                yield index, letter


@dataclass
class Session:
    """One visitor's session over HTTP."""

    client: TestClient
    opened: dict[str, Any]

    @property
    def session_id(self) -> str:
        return str(self.opened["session_id"])

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.opened['token']}"}

    def call(self, method: str, path: str = "", body: Any = None, headers: Any = None) -> httpx.Response:
        url = f"/api/v1/sessions/{self.session_id}{path}"
        return self.client.request(method, url, json=body, headers=self.bearer | (headers or {}))

    def say(self, text: str) -> dict[str, Any]:
        answer = self.call("POST", "/messages", {"text": text}, JSON)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stream(self, text: str, headers: Any = None) -> list[tuple[str, dict[str, Any]]]:
        answer = self.call("POST", "/messages", {"text": text}, headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return events(answer.text)


@dataclass
class Site:
    """The app, and what stands behind it."""

    client: TestClient
    store: BreakingStore
    loading: Loading

    def open(self, **body: Any) -> Session:
        answer = self.client.post("/api/v1/sessions", json={"lang": "zh"} | body)
        assert answer.status_code == 201, answer.text
        return Session(self.client, answer.json())


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(event, data) of a stream of server-sent events."""
    blocks = [block.split("\n") for block in text.removesuffix("\n\n").split("\n\n")]
    assert all(len(block) == 2 for block in blocks)
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


@contextmanager
def serving(mind: Mind, folder: Path, **settings: Any) -> Iterator[Site]:
    store, loading = BreakingStore(open_database(Settings(data_dir=folder).database)), Loading(mind)

    async def build() -> FastAPI:
        # Outside a running loop Gradio makes one of its own and leaves it open.
        return create_app(Bot(store, loading), loading, Settings(data_dir=folder, **settings))

    with TestClient(asyncio.run(build()), raise_server_exceptions=False) as client:
        yield Site(client, store, loading)


@pytest.fixture(scope="module")
def shared(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(mind, tmp_path_factory.mktemp("api"), identity_secret="secret") as site:
        yield site


@pytest.fixture
def site(shared: Site, mind: Mind) -> Iterator[Site]:
    """The app, whole again after each test."""
    yield shared
    shared.loading.mind, shared.store.error, shared.store.at_the_end = mind, None, None


@pytest.fixture
def session(site: Site) -> Session:
    return site.open()


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Checks that an answer is a problem document, and gives it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    if field is not None:
        assert problem["field"] == field
        assert field in problem["detail"]
    return problem


# -- opening


def test_a_session_opens_with_a_greeting_and_a_first_slate(site: Site) -> None:
    opened = site.open().opened
    assert opened.keys() == {"session_id", "token", "greeting", "suggestions", "slate"}
    assert "知音" in opened["greeting"]
    assert opened["suggestions"]
    cards = opened["slate"]["items"]
    assert len(cards) == 3
    assert len({card["domain"] for card in cards}) == 3
    assert all(card.keys() >= CARD for card in cards)


def test_the_language_is_the_one_asked_for_or_the_browsers(site: Site) -> None:
    assert "Zhiyin" in site.open(lang="en").opened["greeting"]
    for header, lang in (("zh-CN,zh;q=0.9", "zh"), ("en-US,en", "en"), ("fr", "en")):
        answer = site.client.post("/api/v1/sessions", json={}, headers={"Accept-Language": header})
        assert site.store.session(answer.json()["session_id"]).lang == lang


def test_domains_narrow_every_slate(site: Site) -> None:
    session = site.open(domains=["film"])
    slates = [session.opened["slate"], session.say(SEED)["slate"], session.call("GET", "/slate").json()]
    assert {card["domain"] for slate in slates for card in slate["items"]} == {"film"}


def test_an_identity_needs_its_proof(site: Site) -> None:
    right = hmac.new(b"secret", "张三".encode(), hashlib.sha256).hexdigest()
    session = site.open(visitor="张三", visitor_hash=right.upper())
    assert site.store.session(session.session_id).visitor == "张三"
    assert site.store.session(site.open().session_id).visitor is None
    for wrong in ({}, {"visitor_hash": ""}, {"visitor_hash": right[:-1] + "x"}, {"visitor_hash": "é"}):
        refused(site.client.post("/api/v1/sessions", json={"visitor": "张三"} | wrong), 401, "unauthorized")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lang": "fr"}, "lang"),
        ({"domains": "film"}, "domains"),
        ({"domains": [1]}, "domains.0"),
        ({"visitor": ""}, "visitor"),
        ({"visitor": 5}, "visitor"),
        ({"context": []}, "context"),
    ],
)
def test_a_session_with_a_wrong_field_is_refused(site: Site, body: dict[str, Any], field: str) -> None:
    refused(site.client.post("/api/v1/sessions", json=body), 422, "bad_input", field)


# -- talking


@pytest.mark.parametrize(("lang", "seed"), [("zh", SEED), ("en", SEED_EN)])
def test_the_worked_example_over_http(site: Site, lang: str, seed: str) -> None:
    session = site.open(lang=lang)
    reply = session.say(seed)
    assert reply.keys() == REPLY
    cards = {card["id"]: card for card in reply["slate"]["items"]}
    assert (cards["123"]["price"], cards["456"]["price"]) == (199, 299)
    assert reply["lines"].keys() == cards.keys()
    assert reply["text"]
    assert reply["complete"] is True
    assert reply["slate"].keys() == {"slate_id", "items", "unmet"}
    assert all(isinstance(ms, float) and ms >= 0 for ms in reply["timings_ms"].values())
    for card in cards.values():
        assert card.keys() >= CARD
        assert card["score"] == pytest.approx(sum(card["parts"].values()), abs=2e-3)
        assert all(because.keys() == {"kind", "text", "turn_id"} for because in card["because"])
    refusal = "我不要牛仔裤" if lang == "zh" else "no jeans please"
    assert "456" not in {card["id"] for card in session.say(refusal)["slate"]["items"]}


@pytest.mark.parametrize("headers", [{"Accept": "text/event-stream"}, {"Accept": "*/*"}, {}])
def test_the_slate_comes_before_any_word_and_the_pieces_add_up(session: Session, headers: dict[str, str]) -> None:
    (first, slate), *deltas, (last, reply) = session.stream(SEED, headers)
    assert (first, last) == ("slate", "done")
    assert slate == reply["slate"]
    assert {name for name, _ in deltas} == {"delta"}
    said: dict[str, str] = {}
    for _, delta in deltas:
        assert delta.keys() == {"part", "text"}
        said[delta["part"]] = said.get(delta["part"], "") + delta["text"]
    assert said == {"opening": reply["text"]} | reply["lines"]
    assert said.keys() == {"opening"} | {card["id"] for card in slate["items"]}


def test_only_what_the_facts_hold_is_streamed(site: Site, session: Session, mind: Mind) -> None:
    writer = Writer("料子透气，只要88元。")
    site.loading.mind = replace(mind, phraser=replace(mind.phraser, model=writer))
    steps = session.stream(SEED)
    words = "".join(data["text"] for name, data in steps if name == "delta")
    assert "88" not in words
    assert "88" not in json.dumps(steps[-1][1]["lines"], ensure_ascii=False)
    assert steps[-1][1]["complete"]


def test_an_error_after_the_first_event_is_an_event(site: Site, session: Session) -> None:
    site.store.at_the_end = StorageError(zh_reason="磁盘满了", reason="the disk is full")
    (first, _), *_, (last, problem) = session.stream(SEED, {"Accept-Language": "zh"})
    assert (first, last) == ("slate", "error")
    assert (problem["status"], problem["code"]) == (503, "storage")
    assert "磁盘满了" in problem["detail"]
    turns = session.call("GET").json()["turns"]
    assert [turn["complete"] for turn in turns] == [True, False]


def test_what_nobody_expected_ends_the_stream_with_an_event(site: Site, session: Session) -> None:
    site.store.at_the_end = RuntimeError("a secret of the inside")
    (first, _), *_, (last, problem) = session.stream(SEED)
    assert (first, last) == ("slate", "error")
    assert (problem["status"], problem["code"]) == (500, "error")
    assert "secret" not in json.dumps(problem)
    assert [turn["complete"] for turn in session.call("GET").json()["turns"]] == [True, False]


def test_a_visitor_who_leaves_closes_the_reply(bot: Bot) -> None:
    session, _ = bot.open_session("token", "zh")
    steps = bot.reply(session.session_id, SEED)
    seen: list[ReplyEvent] = []

    async def leave_after(count: int) -> None:
        words: AsyncIterator[ReplyEvent] = in_threads(next(steps), steps)
        async for event in words:
            seen.append(event)
            if len(seen) == count:
                break
        await words.aclose()

    asyncio.run(leave_after(2))
    assert [type(event) for event in seen] == [Slate, Delta]
    assert sse_of(seen[1]).startswith(b"event: delta\ndata: {")
    assert next(steps, None) is None
    assert [m.complete for m in bot.store.messages(session.session_id)] == [True, False]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_message_is_refused_in_the_readers_language(session: Session, text: str) -> None:
    answer = session.call("POST", "/messages", {"text": text}, {"Accept-Language": "zh-CN"})
    assert "空" in refused(answer, 422, "bad_input", "text")["detail"]
    assert "empty" in refused(session.call("POST", "/messages", {"text": text}), 422, "bad_input", "text")["detail"]
    assert session.call("GET").json()["turns"] == []


@pytest.mark.parametrize("body", [{}, {"text": None}, {"text": 5}, {"text": ["x"]}, {"message": "x"}])
def test_a_message_without_a_text_is_refused(session: Session, body: dict[str, Any]) -> None:
    refused(session.call("POST", "/messages", body), 422, "bad_input", "text")


@pytest.mark.parametrize("raw", [b"", b"{", b'{"text": "x"', b"\xff", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_refused(session: Session, raw: bytes) -> None:
    url = f"/api/v1/sessions/{session.session_id}/messages"
    answer = session.client.post(url, content=raw, headers=session.bearer | {"Content-Type": "application/json"})
    refused(answer, 422, "bad_input", "body")


def test_half_a_character_is_refused(session: Session) -> None:
    url = f"/api/v1/sessions/{session.session_id}/messages"
    headers = session.bearer | {"Content-Type": "application/json"}
    refused(session.client.post(url, content=b'{"text": "\\ud800"}', headers=headers), 422, "bad_input", "text")


def test_the_limit_is_2000_characters(session: Session) -> None:
    problem = refused(session.call("POST", "/messages", {"text": "长" * 2001}), 413, "text_too_long", "text")
    assert "2001" in problem["detail"]
    assert session.call("GET").json()["turns"] == []
    assert session.say("长" * 2000)["complete"]


def test_html_is_text(session: Session) -> None:
    text = "<script>alert(1)</script> T恤"
    session.say(text)
    assert session.call("GET").json()["turns"][0]["text"] == text


# -- whose session it is

CALLS = [
    ("POST", "/messages", {"text": "你好"}),
    ("GET", "", None),
    ("GET", "/interest", None),
    ("PATCH", "/interest", {"remove": []}),
    ("POST", "/feedback", {"item_id": "123", "kind": "like"}),
    ("GET", "/slate", None),
    ("GET", "/export", None),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_only_the_right_token_opens_a_session(site: Site, method: str, path: str, body: Any) -> None:
    session, other = site.open(), site.open()
    url = f"/api/v1/sessions/{session.session_id}{path}"
    wrong = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, other.bearer]
    wrong.append({"Authorization": f"Basic {session.opened['token']}"})
    for headers in wrong:
        refused(site.client.request(method, url, json=body, headers=headers), 401, "unauthorized")
    gone = site.client.request(method, f"/api/v1/sessions/nobody{path}", json=body, headers=session.bearer)
    refused(gone, 404, "not_found")
    refused(site.client.request(method, f"/api/v1/sessions/nobody{path}", json=body), 404, "not_found")
    assert site.store.session(session.session_id)


# -- looking back


def test_a_session_tells_its_turns_and_interest(session: Session) -> None:
    replies = [session.say(SEED), session.say("不要牛仔裤，300元以内")]
    kept = session.call("GET").json()
    assert kept.keys() == {"session_id", "lang", "turns", "interest"}
    assert (kept["session_id"], kept["lang"]) == (session.session_id, "zh")
    assert [turn["role"] for turn in kept["turns"]] == ["user", "bot"] * 2
    assert all(turn.keys() >= {"turn_id", "role", "text", "items", "created_at", "complete"} for turn in kept["turns"])
    for turn, reply in zip(kept["turns"][1::2], replies, strict=True):
        assert (turn["turn_id"], turn["text"]) == (reply["turn_id"], reply["text"])
        assert turn["items"] == [card["id"] for card in reply["slate"]["items"]]
    assert kept["turns"][0]["text"] == SEED
    assert kept["turns"][0]["items"] == []

    interest = session.call("GET", "/interest").json()
    assert interest == kept["interest"]
    assert interest.keys() >= {"threads", "refusals", "constraints", "sentiment", "history"}
    thread = interest["threads"][0]
    assert thread.keys() >= {"label", "weight", "domain", "words", "pinned", "source"}
    assert thread["domain"] == "clothing"
    assert all(word.keys() >= {"text", "weight", "turn_id", "pinned"} for word in thread["words"])
    turn_id = kept["turns"][2]["turn_id"]
    assert {(refusal["text"], refusal["turn_id"]) for refusal in interest["refusals"]} == {("牛仔裤", turn_id)}
    [limit] = interest["constraints"]
    expected = {"field": "price", "op": "<=", "value": 300.0, "text": "300元以内", "turn_id": turn_id}
    assert limit | expected == limit
    assert [moment["turn_id"] for moment in interest["history"]] == [kept["turns"][0]["turn_id"], turn_id]


def test_a_slate_without_words_follows_the_interest_and_repeats_nothing(session: Session) -> None:
    before = {card["id"] for card in session.say(SEED)["slate"]["items"]}
    slate = session.call("GET", "/slate").json()
    assert slate.keys() == {"slate_id", "items", "unmet"}
    assert {card["domain"] for card in slate["items"]} == {"clothing"}
    assert not before & {card["id"] for card in slate["items"]}


# -- the interest, by the visitor's own hand


def words(interest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {word["text"]: word for thread in interest["threads"] for word in thread["words"]}


def test_what_is_removed_is_gone_and_the_slate_follows(session: Session) -> None:
    session.say(SEED)
    session.say("不要红色，300元以内")
    before = session.call("GET", "/interest").json()
    assert "牛仔裤" in words(before)
    answer = session.call("PATCH", "/interest", {"remove": ["牛仔裤", "红色", "300元以内"]})
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert after == session.call("GET", "/interest").json()
    assert "牛仔裤" not in words(after)
    assert after["refusals"] == after["constraints"] == []
    slate = session.call("GET", "/slate").json()
    assert not [b for card in slate["items"] for b in card["because"] if "牛仔裤" in b["text"]]


def test_words_are_pinned_and_weakened_and_threads_too(session: Session) -> None:
    session.say(SEED)
    interest = session.call("GET", "/interest").json()
    label = interest["threads"][0]["label"]
    edited = session.call("PATCH", "/interest", {"pin": ["T恤", label], "weaken": ["品牌"]}).json()
    assert words(edited)["T恤"]["pinned"]
    assert words(edited)["品牌"]["weight"] < words(interest)["品牌"]["weight"]
    assert edited["threads"][0]["pinned"]
    session.say("想看科幻电影")
    kept = words(session.call("GET", "/interest").json())
    assert kept["T恤"]["weight"] >= 0.5
    freed = session.call("PATCH", "/interest", {"unpin": ["T恤"]}).json()
    assert not words(freed)["T恤"]["pinned"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"remove": ["没说过"]}, "remove"),
        ({"pin": ["没说过"]}, "pin"),
        ({"weaken": ["T恤", "没说过"]}, "weaken"),
        ({"remove": "T恤"}, "remove"),
        ({"remove": [""]}, "remove.0"),
        ({"remove": [5]}, "remove.0"),
        ({"removes": ["T恤"]}, "removes"),
    ],
)
def test_an_edit_that_cannot_be_made_changes_nothing(session: Session, body: dict[str, Any], field: str) -> None:
    session.say(SEED)
    before = session.call("GET", "/interest").json()
    refused(session.call("PATCH", "/interest", body), 422, "bad_input", field)
    assert session.call("GET", "/interest").json() == before


def test_an_empty_edit_is_the_interest_as_it_is(session: Session) -> None:
    session.say(SEED)
    assert session.call("PATCH", "/interest", {}).json() == session.call("GET", "/interest").json()


# -- feedback


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("like", None), ("dislike", None), ("hide", None), ("click", None), ("browse", 30), ("purchase", None),
        ("rating", 1), ("rating", 5),
    ],
)  # fmt: skip
def test_every_kind_of_feedback_is_kept(site: Site, session: Session, kind: str, value: float | None) -> None:
    body = {"item_id": "123", "kind": kind} | ({} if value is None else {"value": value})
    answer = session.call("POST", "/feedback", body)
    assert answer.status_code == 201
    assert answer.json().keys() == {"feedback_id"}
    (kept,) = site.store.feedback(session.session_id)
    assert (kept.kind, kept.value, kept.feedback_id) == (kind, value, answer.json()["feedback_id"])
    undone = session.call("POST", "/feedback", {"item_id": "123", "kind": "undo"})
    assert undone.status_code == 201
    assert site.store.feedback(session.session_id)[0].undone
    assert session.call("GET", "/export").json()["interest"]["state"]["evidence"] == []


def test_feedback_is_felt_and_knows_its_turn(session: Session) -> None:
    reply = session.say("想看电影")
    first = reply["slate"]["items"][0]["id"]
    said = {"item_id": first, "kind": "like", "turn_id": reply["turn_id"]}
    assert session.call("POST", "/feedback", said).status_code == 201
    liked = [card for card in session.say("换一批")["slate"]["items"] if "liked" in card["parts"]]
    assert liked
    assert reply["turn_id"] in {b["turn_id"] for card in liked for b in card["because"] if b["kind"] == "liked"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "like"}, "item_id"),
        ({"item_id": "123"}, "kind"),
        ({"item_id": "123", "kind": "love"}, "kind"),
        ({"item_id": "123", "kind": "rating"}, "value"),
        ({"item_id": "123", "kind": "rating", "value": 0}, "value"),
        ({"item_id": "123", "kind": "rating", "value": 6}, "value"),
        ({"item_id": "123", "kind": "rating", "value": "x"}, "value"),
        ({"item_id": "123", "kind": "browse", "value": -1}, "value"),
        ({"item_id": "123", "kind": "browse"}, "value"),
        ({"item_id": "x" * 129, "kind": "like"}, "item_id"),
        ({"item_id": 123, "kind": "like"}, "item_id"),
    ],
)
def test_feedback_with_a_wrong_field_is_refused(session: Session, body: dict[str, Any], field: str) -> None:
    refused(session.call("POST", "/feedback", body), 422, "bad_input", field)


def test_feedback_on_what_is_not_there(session: Session) -> None:
    refused(session.call("POST", "/feedback", {"item_id": "no-such", "kind": "like"}), 404, "not_found")
    refused(session.call("POST", "/feedback", {"item_id": "123", "kind": "undo"}), 404, "not_found")


# -- one's own data


def test_export_holds_everything_and_delete_leaves_nothing(site: Site, session: Session) -> None:
    session.say(SEED)
    session.call("POST", "/feedback", {"item_id": "123", "kind": "like"})
    held = session.call("GET", "/export").json()
    assert SEED in {message["text"] for message in held["messages"]}
    assert held["session"]["session_id"] == session.session_id
    assert len(held["slates"]) == 2
    assert held["feedback"][0]["item_id"] == "123"
    assert held["interest"]["state"]["threads"]
    assert session.opened["token"] not in json.dumps(held)

    deleted = session.call("DELETE")
    assert deleted.status_code == 204
    assert deleted.content == b""
    for method, path, body in CALLS:
        refused(session.call(method, path, body), 404, "not_found")


# -- items


def test_an_item_and_what_is_like_it(site: Site) -> None:
    item = site.client.get("/api/v1/items/123").json()
    assert (item["id"], item["title"], item["price"], item["domain"]) == ("123", "品牌T恤", 199, "clothing")
    slate = site.client.get("/api/v1/items/123/similar", headers={"Accept-Language": "en"}).json()
    assert slate.keys() == {"slate_id", "items", "unmet"}
    assert "123" not in {card["id"] for card in slate["items"]}
    assert {card["domain"] for card in slate["items"]} == {"clothing"}
    assert slate["items"][0]["because"][0]["text"].startswith("similar to “")
    for path in ("/api/v1/items/none", "/api/v1/items/none/similar", "/api/v1/items/a/b", "/api/v1/items/a/b/similar"):
        assert "no item" in refused(site.client.get(path), 404, "not_found")["detail"]


# -- while loading, and when things break


def test_while_loading_everything_says_so(site: Site, session: Session) -> None:
    site.loading.mind = None
    ready = site.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["missing"] == ["encoder", "catalogue"]
    assert site.client.get("/healthz").status_code == 200
    answers = [
        site.client.post("/api/v1/sessions", json={}),
        session.call("POST", "/messages", {"text": "你好"}),
        session.call("GET", "/slate"),
        session.call("POST", "/feedback", {"item_id": "123", "kind": "like"}),
        site.client.get("/api/v1/items/123"),
        site.client.get("/api/v1/items/123/similar"),
    ]
    for answer in answers:
        assert "encoder" in refused(answer, 503, "not_ready")["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    assert session.call("DELETE").status_code == 204


def test_when_ready_it_says_so(site: Site) -> None:
    answer = site.client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["items"]) == ("ready", 643)


def test_a_database_that_cannot_be_read_is_a_sentence(site: Site, session: Session) -> None:
    site.store.error = StorageError(zh_reason="它锁住了", reason="it is locked")
    answer = session.client.get(f"/api/v1/sessions/{session.session_id}", headers={"Accept-Language": "zh"})
    assert "它锁住了" in refused(answer, 503, "storage")["detail"]


def test_what_nobody_expected_shows_nothing_of_the_inside(site: Site, session: Session) -> None:
    site.store.error = RuntimeError("a secret of the inside")
    answer = session.client.get(f"/api/v1/sessions/{session.session_id}")
    refused(answer, 500, "error")
    assert "secret" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/sessions/a/b/c", "/api/v1/", "/api/v2/sessions", "/api"])
def test_what_is_not_there_is_a_problem_too(site: Site, method: str, path: str) -> None:
    answer = site.client.request(method, path, headers={"Accept-Language": "zh"})
    assert "什么也没有" in refused(answer, 404, "not_found")["detail"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/api/v1/sessions", "POST"),
        ("PUT", "/api/v1/sessions", "POST"),
        ("POST", "/api/v1/sessions/nobody", "DELETE, GET"),
        ("GET", "/api/v1/sessions/nobody/messages", "POST"),
        ("POST", "/api/v1/sessions/nobody/interest", "GET, PATCH"),
        ("DELETE", "/api/v1/items/123", "GET"),
        ("POST", "/api/v1/items/a/b/similar", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(site: Site, method: str, path: str, right: str) -> None:
    answer = site.client.request(method, path)
    assert method in refused(answer, 405, "method_not_allowed")["detail"]
    assert answer.headers["allow"] == right


def test_figures_are_counted_by_route(site: Site, session: Session) -> None:
    session.call("GET")
    answer = site.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'route="/api/v1/sessions/{session_id}",status="200"' in answer.text
    assert session.session_id not in answer.text


def test_another_site_is_let_in_only_by_name(site: Site, mind: Mind, tmp_path: Path) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in site.client.options("/api/v1/sessions", headers=asked).headers
    with serving(mind, tmp_path, widget_origins="https://shop.example, https://other.example") as open_site:
        answer = open_site.client.options("/api/v1/sessions", headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        stranger = open_site.client.options("/api/v1/sessions", headers=asked | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
