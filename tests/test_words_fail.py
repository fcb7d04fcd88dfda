"""A language model that breaks, hangs or is left, seen over HTTP: cards at once, plain words, and who is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import uvicorn
from browser import chromium, opened, say
from fastapi import FastAPI
from playwright.sync_api import expect

import bot.loading
from bot.bot import Bot, Mind
from bot.loading import Loader
from bot.phrasing.language_model import LanguageModel, Prompt
from bot.phrasing.watched import Watched
from bot.serving import free_port
from bot.settings import Settings
from bot.web.cards import stored_turns
from bot.web.server import create_app
from errors import ModelError
from storage.database import open_database
from storage.store import Store

SEED = "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤"
MODEL_LOADED = "language model"
BEGUN = "这件T恤可以先看看"
"""What `Counting` says of the first item before it hangs."""


class Counting:
    """A language model that counts its rows; once it has begun, it writes no more until it is told to."""

    name = "counting"

    def __init__(self, *, begins: bool = True, error: Exception | None = None, waits: bool = True) -> None:
        self.begins, self.error, self.waits = begins, error, waits
        self.rows = 0
        self.began = Event()

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        assert stop is not None
        if self.error:
            raise self.error
        self.rows += len(prompts)
        try:
            if self.begins:
                yield 0, f"{BEGUN}，看着利落，都"
            self.began.set()
            if self.waits:
                stop.wait(20)
        finally:
            self.rows -= len(prompts)

    def is_free(self) -> bool:
        """Whether all rows are freed, now or soon."""
        return soon(lambda: self.rows == 0)


def soon(holds: Any) -> bool:
    for _ in range(1000):
        if holds():
            return True
        Event().wait(0.01)
    return False


@dataclass
class Site:
    """The app behind a real server, and a visitor's session in it."""

    bot: Bot
    client: httpx.Client
    opened: dict[str, Any] = field(default_factory=dict)

    def open(self) -> None:
        self.opened = self.client.post("/api/v1/sessions", json={"lang": "zh"}).json()
        self.client.headers["Authorization"] = f"Bearer {self.opened['token']}"

    @property
    def path(self) -> str:
        return f"/api/v1/sessions/{self.opened['session_id']}"

    def say(self, text: str = SEED) -> list[tuple[str, dict[str, Any]]]:
        answer = self.client.post(f"{self.path}/messages", json={"text": text})
        blocks = [block.split("\n") for block in answer.text.removesuffix("\n\n").split("\n\n")]
        return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]

    def figures(self) -> dict[str, float]:
        rows = [row for row in self.client.get("/metrics").text.splitlines() if row.startswith("zhiyin_")]
        return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in rows)}


class Ready(Loader):
    """A loader that has already loaded."""

    def __init__(self, settings: Settings, store: Store, mind: Mind, words: Watched | None) -> None:
        super().__init__(settings, store)
        self._mind = replace(mind, phraser=replace(mind.phraser, model=words, close=False))
        self._words = words
        self._status = replace(self._status, missing=(), items=643)


@contextmanager
def serving(mind: Mind, folder: Path, model: LanguageModel | None, seconds: float = 20.0) -> Iterator[Site]:
    settings = Settings(data_dir=folder, llm="none", rate_limit="1000/second")
    store = Store(open_database(settings.database))
    loader = Ready(settings, store, mind, Watched(model, seconds) if model else None)
    bot = Bot(store, loader)

    async def build() -> FastAPI:
        # Outside a running loop Gradio makes one of its own and leaves it open.
        return create_app(bot, loader, settings)

    app = asyncio.run(build())
    with free_port("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        assert soon(lambda: server.started)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
                site = Site(bot, client)
                site.open()
                yield site
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.mark.parametrize("error", [ModelError(model="m", reason="it broke"), MemoryError(), RuntimeError("no memory")])
def test_a_model_that_breaks_leaves_cards_and_plain_words_and_is_told_of(
    mind: Mind, tmp_path: Path, error: Exception
) -> None:
    with serving(mind, tmp_path, Counting(error=error)) as site:
        (first, slate), *_, (last, reply) = site.say()
        assert (first, last) == ("slate", "done")
        assert reply["text"]
        assert reply["lines"].keys() == {card["id"] for card in slate["items"]}
        assert all(reply["lines"].values())
        assert (reply["words"], reply["words_reason"], reply["complete"]) == ("plain", "failed", True)
        stored = site.client.get(site.path).json()["turns"][-1]
        assert (stored["words"], stored["words_reason"]) == ("plain", "failed")
        for path in ("/readyz", "/healthz"):
            answer = site.client.get(path)
            told = answer.json()["language_model"]
            assert answer.status_code == 200
            assert told["state"] == "failing"
            assert told["failures"] == 1
            assert told["since"]
            assert told["reason"]
        assert stored_turns(site.bot, site.opened["session_id"], "zh")[-1]["brief"]


def test_a_model_that_hangs_costs_its_time_and_keeps_what_it_said(mind: Mind, tmp_path: Path) -> None:
    model = Counting()
    with serving(mind, tmp_path, model, seconds=0.5) as site:
        *_, (last, reply) = site.say()
        assert last == "done"
        assert (reply["words"], reply["words_reason"]) == ("mixed", "slow")
        first, *others = reply["lines"].values()
        assert first.startswith(BEGUN)
        assert len(others) == 2
        assert all(others)
        assert not any(BEGUN in line for line in others)
        assert reply["complete"]
        assert model.is_free()
        figures = site.figures()
        assert figures["zhiyin_words_timeouts_total"] == 1
        assert figures["zhiyin_words_failed_total"] == 0
        assert figures['zhiyin_lines_total{outcome="plain"}'] == 2


def test_after_three_failures_nobody_waits_for_it(mind: Mind, tmp_path: Path) -> None:
    model = Counting(begins=False)
    with serving(mind, tmp_path, model, seconds=0.2) as site:
        reasons = [site.say()[-1][1]["words_reason"] for _ in range(4)]
        assert reasons == ["slow", "slow", "slow", "failed"]
        assert site.figures()["zhiyin_words_asked_total"] == 3
        assert site.client.get("/healthz").json()["language_model"]["failures"] == 3


def test_lines_and_tokens_are_counted_and_a_well_model_is_ok(mind: Mind, tmp_path: Path) -> None:
    with serving(mind, tmp_path, Counting(waits=False)) as site:
        assert site.client.get("/readyz").json()["language_model"] == {"state": "ok"}
        assert site.say()[-1][1]["words"] == "mixed"
        figures = site.figures()
        assert figures["zhiyin_words_ok"] == 1
        assert figures["zhiyin_words_tokens_total"] >= 1
        assert sum(value for name, value in figures.items() if name.startswith("zhiyin_lines_total")) == 4


def test_without_a_model_nothing_is_marked(mind: Mind, tmp_path: Path) -> None:
    with serving(mind, tmp_path, None) as site:
        reply = site.say()[-1][1]
        assert (reply["words"], reply["words_reason"]) == ("plain", "none")
        assert site.client.get("/healthz").json() == {"status": "ok", "language_model": {"state": "none"}}
        assert not stored_turns(site.bot, site.opened["session_id"], "zh")[-1]["brief"]


def test_the_page_marks_the_reply_quietly_and_only_then(mind: Mind, tmp_path: Path) -> None:
    model = Counting()
    with serving(mind, tmp_path, model, seconds=0.5) as site, chromium() as browser:
        page = opened(browser.new_context(locale="zh-CN").new_page(), str(site.client.base_url))
        say(page, SEED)
        marks = page.locator(".zy-brief")
        expect(marks.last).to_be_visible()
        expect(marks.last).to_have_text("简短回复")
        assert "要点" in str(marks.last.get_attribute("title"))
        model.waits = False
        say(page, "不要牛仔裤")
        expect(marks.last).to_be_hidden()
        page.reload()
        page.locator(".zy[data-ready]").wait_for(timeout=20_000)
        assert [mark.is_visible() for mark in marks.all()][-2:] == [True, False]


@pytest.mark.parametrize("begins", [True, False])
def test_a_visitor_who_leaves_frees_the_models_rows(mind: Mind, tmp_path: Path, begins: bool) -> None:
    model = Counting(begins=begins)
    with serving(mind, tmp_path, model) as site:
        with site.client.stream("POST", f"{site.path}/messages", json={"text": SEED}) as answer:
            # kept, for the visitor leaves where the lines are let go of
            lines = answer.iter_lines()
            assert next(lines) == "event: slate"
            assert model.began.wait(10)
            assert model.rows == 3
        assert model.is_free()
        turns = site.bot.store.messages(site.opened["session_id"])
        assert [turn.complete for turn in turns] == [True, False]
        assert site.client.get("/healthz").json()["language_model"]["state"] == "ok"


def test_a_visitor_who_writes_again_frees_the_rows_of_the_first_reply(mind: Mind, tmp_path: Path) -> None:
    model = Counting()
    with serving(mind, tmp_path, model) as site:
        with site.client.stream("POST", f"{site.path}/messages", json={"text": SEED}) as first:
            lines = first.iter_lines()
            assert next(lines) == "event: slate"
            assert model.began.wait(10)
            model.waits = False
            again = site.say("不要牛仔裤")[-1][1]
            assert again["complete"]
            rest = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
            assert rest[-1]["complete"] is False
        assert model.is_free()


# -- while it loads


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (None, "none"),
        (Counting(), "ok"),
        (ModelError(model="m", reason="it is gone"), "failing"),
        (MemoryError(), "failing"),
    ],
)
def test_the_loader_tells_how_the_model_does(
    outcome: LanguageModel | Exception | None,
    state: str,
    mind: Mind,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(settings: Settings, before: Callable[[], None]) -> LanguageModel | None:
        assert loader.status().language_model.state == "loading"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(bot.loading, "language_model", load)
    settings = Settings(data_dir=tmp_path)
    loader = Ready(settings, Store(open_database(settings.database)), mind, None)
    loader._status = replace(loader._status, missing=(MODEL_LOADED,))
    loader._load_words()
    health = loader.status().language_model
    assert loader.status().ready
    assert health.state == state
    assert bool(health.reason) == (state == "failing")
    model = loader().phraser.model
    assert isinstance(model, Watched) == (state == "ok")
