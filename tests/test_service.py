"""What operating it needs: logs, ids of requests, figures, readiness, spans; and the files of `docs/service`."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.bot import Bot, Mind
from bot.loading import Loader
from bot.running import Running
from bot.service.logs import request_id, set_up_logs
from bot.service.spans import Spans
from bot.settings import Settings
from bot.web.server import create_app
from errors import Stopping
from retrieval.candidates import dense
from retrieval.index import Index
from storage.store import Store

SERVICE = Path(__file__).resolve().parent.parent / "docs" / "service"
SECRET_WISH = "给住在幸福路的外婆找一件羽绒服"


class Loaded(Loader):
    """A loader that has loaded."""

    def __init__(self, settings: Settings, store: Store, mind: Mind) -> None:
        super().__init__(settings, store)
        self._mind = mind
        self._status = replace(self._status, missing=(), items=643, loaded_at=1.0)


class Site:
    """The app, without a network."""

    def __init__(self, bot: Bot, client: TestClient) -> None:
        self.bot = bot
        self.client = client

    def open(self) -> tuple[str, dict[str, str]]:
        opened = self.client.post("/api/v1/sessions", json={"lang": "zh"}).json()
        headers = {"Authorization": f"Bearer {opened['token']}", "Accept": "application/json"}
        return f"/api/v1/sessions/{opened['session_id']}", headers

    def say(self, text: str, **headers: str) -> httpx.Response:
        path, known = self.open()
        answer: httpx.Response = self.client.post(f"{path}/messages", json={"text": text}, headers=known | headers)
        return answer

    def figures(self) -> dict[str, float]:
        rows = [row.rsplit(" ", 1) for row in self.client.get("/metrics").text.splitlines() if row[0] != "#"]
        return {name: float(value) for name, value in rows}


@contextmanager
def serving(bot: Bot, mind: Mind, folder: Path, peer: str = "127.0.0.1", **given: Any) -> Iterator[Site]:
    settings = Settings(data_dir=folder, llm="none", **given)

    async def build() -> FastAPI:
        # Outside a running loop Gradio makes one of its own and leaves it open.
        return create_app(bot, Loaded(settings, bot.store, mind), settings)

    with TestClient(asyncio.run(build()), client=(peer, 50_000)) as client:
        yield Site(bot, client)


@pytest.fixture
def site(bot: Bot, mind: Mind, tmp_path: Path) -> Iterator[Site]:
    with serving(bot, mind, tmp_path) as site:
        yield site


@contextmanager
def logged(kind: Any) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level, out = root.handlers[:], root.level, io.StringIO()
    root.handlers = []
    try:
        set_up_logs(kind, out)
        yield out
    finally:
        root.handlers = before
        root.setLevel(level)


# -- logs and ids


def test_the_id_of_a_trusted_proxy_is_on_the_answer_in_the_problem_and_in_the_log(site: Site) -> None:
    with logged("json") as out:
        answer = site.client.get("/api/v1/sessions/nobody", headers={"X-Request-ID": "edge-17"})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "edge-17"
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    (told,) = [line for line in lines if line["logger"] == "bot.web.requests"]
    assert told["request_id"] == "edge-17"
    assert (told["method"], told["route"], told["status"]) == ("GET", "/api/v1/sessions/{session_id}", 404)
    assert request_id.get() == "-"


@pytest.mark.parametrize(("peer", "given"), [("203.0.113.9", "edge-17"), ("127.0.0.1", "a b\nc"), ("127.0.0.1", "")])
def test_an_id_of_anybody_else_or_an_odd_one_is_not_taken_over(
    bot: Bot, mind: Mind, tmp_path: Path, peer: str, given: str
) -> None:
    with serving(bot, mind, tmp_path, peer) as site:
        ids = {
            site.client.get("/healthz", headers={"X-Request-ID": given.encode()}).headers["X-Request-ID"]
            for _ in range(2)
        }
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", id_) for id_ in ids)


@pytest.mark.parametrize("kind", ["plain", "json"])
def test_no_line_of_the_log_has_words_or_tokens(site: Site, kind: str) -> None:
    with logged(kind) as out:
        path, headers = site.open()
        assert site.client.post(f"{path}/messages", json={"text": SECRET_WISH}, headers=headers).is_success
        assert (
            site.client.post(f"{path}/messages", json={"text": SECRET_WISH * 200}, headers=headers).status_code == 413
        )
        site.client.get(f"{path}?token=unseen", headers={"Authorization": "Bearer unheard"})
        logging.getLogger("bot.test").info("one line at least")
    told = out.getvalue()
    assert "one line at least" in told
    for hidden in (
        SECRET_WISH,
        "幸福路",
        headers["Authorization"].split()[1],
        "unseen",
        "unheard",
        path.split("/")[-1],
    ):
        assert hidden not in told


def test_an_error_is_one_line_with_its_trace(site: Site) -> None:
    def broken() -> str:
        raise RuntimeError("the disk\nis gone")

    site.bot.store.catalogue_stamp = broken  # type: ignore[method-assign]
    with logged("json") as out:
        try:
            broken()
        except RuntimeError:
            logging.getLogger("bot.x").exception("it broke")
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["message"], told["error"]) == ("error", "it broke", "RuntimeError")
    assert "is gone" in told["trace"]


# -- figures


def test_what_happens_is_counted(site: Site) -> None:
    before = site.figures()
    path, headers = site.open()
    reply = site.client.post(
        f"{path}/messages", json={"text": "我喜欢牛仔裤，不要手机，会唱歌的"}, headers=headers
    ).json()
    liked = {"item_id": reply["slate"]["items"][0]["id"], "kind": "like"}
    site.client.post(f"{path}/feedback", json=liked, headers=headers)
    after = site.figures()
    assert after["zhiyin_slate_seconds_count"] - before["zhiyin_slate_seconds_count"] == 1
    assert after["zhiyin_cards_total"] - before["zhiyin_cards_total"] == len(reply["slate"]["items"])
    assert after['zhiyin_turns_total{complete="true",reason="none",words="plain"}'] == 1
    assert after['zhiyin_feedback_total{kind="like"}'] == 1
    for stage in ("understand", "encode", "update", "recommend", "store", "words"):
        assert after[f'zhiyin_turn_stage_seconds_count{{stage="{stage}"}}'] >= 1
    assert after["zhiyin_slates_unmet_total"] - before["zhiyin_slates_unmet_total"] == bool(reply["slate"]["unmet"])
    assert after["process_resident_memory_bytes"] > 1e8
    assert after["zhiyin_catalogue_items"] == 643


def test_what_the_limits_refuse_is_counted_by_limit(bot: Bot, mind: Mind, tmp_path: Path) -> None:
    with serving(bot, mind, tmp_path, rate_limit="1/minute", queue_size=1) as site:
        path, headers = site.open()
        codes = [
            site.client.post(f"{path}/messages", json={"text": "牛仔裤"}, headers=headers).status_code for _ in range(2)
        ]
        assert codes == [200, 429]
        figures = site.figures()
    assert figures['zhiyin_refused_total{limit="session"}'] == 1
    assert figures["zhiyin_seats"] == 1
    assert figures["zhiyin_seats_taken"] == 0


def test_database_errors_are_counted(site: Site, tmp_path: Path) -> None:
    site.bot.store._engine.dispose()  # first: the last connection writes the log into the file as it goes
    (tmp_path / "bot.db").write_bytes(b"nothing like a database" * 500)
    assert site.client.post("/api/v1/sessions", json={}).status_code == 503
    assert site.figures()["zhiyin_database_errors_total"] >= 1


def test_every_query_of_the_board_names_a_figure_that_there_is(bot: Bot, mind: Mind, tmp_path: Path) -> None:
    board = json.loads((SERVICE / "grafana.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    with serving(bot, mind, tmp_path) as site:
        text = site.client.get("/metrics").text
    known: set[str] = set()
    for name, kind in re.findall(r"# TYPE (\w+) (\w+)", text):
        known |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    named = [re.findall(r"\b(?:zhiyin|process)_\w+", query) for query in queries]
    assert all(named), "a query without a figure"
    assert {name for names in named for name in names} <= known
    shown = {re.sub("_(bucket|count|sum)$", "", name) for names in named for name in names}
    ours = {re.sub("_(bucket|count|sum)$", "", name) for name in known if name.startswith("zhiyin_")}
    assert {name for name in ours if not name.endswith("_created")} <= shown, "a figure that the board does not show"


# -- readiness and the end


def test_ready_is_not_what_is_loading_and_says_what_is_missing(bot: Bot, mind: Mind, tmp_path: Path) -> None:
    with serving(bot, mind, tmp_path) as site:
        assert site.client.get("/readyz").status_code == 200
        bot.running.close(0)
        told = site.client.get("/readyz")
        assert (told.status_code, told.json()["status"]) == (503, "stopping")
        assert told.headers["Retry-After"]
        assert site.client.get("/healthz").status_code == 200
        answer = site.say("牛仔裤", **{"Accept-Language": "zh"})
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert "稍等" in answer.json()["detail"]
    assert answer.headers["Retry-After"]


def test_closing_waits_for_replies_that_end_and_cuts_off_the_others() -> None:
    running, slow, quick = Running(), Event(), Event()
    begun = [Event(), Event()]

    def reply(number: int, stop: Event, ends: Event) -> None:
        with running.taking_over(f"s{number}", stop):
            begun[number].set()
            ends.wait(20)

    threads = [
        Thread(target=reply, args=(0, slow, slow)),  # ends when it is cut off
        Thread(target=reply, args=(1, Event(), quick)),
    ]
    for thread, event in zip(threads, begun, strict=True):
        thread.start()
        event.wait(10)
    quick.set()
    assert running.close(0.2) == 1
    assert slow.is_set()
    assert not len(running)
    with pytest.raises(Stopping), running.taking_over("s2", Event()):
        pass
    for thread in threads:
        thread.join(10)


# -- calls that come again


def test_what_died_after_the_message_was_kept_is_answered_without_keeping_it_again(bot: Bot) -> None:
    session, _ = bot.open_session("token", "zh")
    key = "k"
    bot.store.claim_request(session.session_id, key, "print")
    steps = bot.reply(session.session_id, "牛仔裤", key=key)
    first = next(steps)
    steps.close()
    assert bot.store.claim_request(session.session_id, key, "print").answer == {"slate": first.as_json()}  # type: ignore[union-attr]
    assert [message.role for message in bot.store.messages(session.session_id)] == ["user", "bot"]
    for _ in range(2):  # the first died between the message and its slate
        kept = bot.store.add_user_message(session.session_id, "再来", "zh", "fixed-id")
    assert kept.turn_id == "fixed-id"
    assert len(bot.store.messages(session.session_id)) == 3


def test_feedback_and_its_answer_are_kept_together(bot: Bot) -> None:
    session, slate = bot.open_session("token", "zh")
    item = slate.cards[0].item.id
    bot.store.claim_request(session.session_id, "k", "print")
    kept = bot.feedback(session.session_id, item, "like", key="k")
    found = bot.store.claim_request(session.session_id, "k", "print")
    assert found is not None
    assert found.answer == {"answer": {"feedback_id": kept.feedback_id}}
    bot.store.release_request(session.session_id, "k")
    assert bot.store.claim_request(session.session_id, "k", "print") == found, "an answered key was given back"


# -- the index that is away


def test_an_index_that_fails_is_left_alone_until_it_is_back(mind: Mind, tmp_path: Path) -> None:
    catalogue, allowed = mind.recommender.shelf.catalogue, mind.recommender.shelf.catalogue.available
    vector = catalogue.centred[0]
    with Index(tmp_path, "e") as index:
        index._client.delete_collection("items")
        found = dense(catalogue, index, vector, allowed, 5)
        assert found[0] == 0
        assert index.trouble
        assert not index.recover()
        assert index.lost
        index.reopen()
        index.put(["a"], ["1"], catalogue.vectors[:1])
        assert index.search(catalogue.vectors[:1], 1)[0] == [["a"]]


# -- spans


def spans_of(bot: Bot, text: bool) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    spans = Spans(exporter, text=text)
    bot.watchers.add(spans)
    session, _ = bot.open_session("token", "zh")
    list(bot.reply(session.session_id, SECRET_WISH))
    spans.close()
    return list(exporter.get_finished_spans())


def test_a_turn_is_one_span_with_its_stages_within(bot: Bot) -> None:
    found = spans_of(bot, text=False)
    (turn,) = [span for span in found if span.parent is None]
    stages = [span for span in found if span.parent is not None]
    assert {span.name for span in stages} >= {"understand", "encode", "update", "recommend", "store"}
    assert turn.attributes is not None
    assert turn.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert turn.attributes["gen_ai.conversation.id"]
    for span in stages:
        assert span.parent is not None
        assert span.parent.span_id == turn.context.span_id
        assert turn.start_time <= span.start_time <= span.end_time <= turn.end_time  # type: ignore[operator]
    assert "幸福路" not in "".join(span.to_json() for span in found)


def test_spans_have_texts_only_where_that_is_allowed(bot: Bot) -> None:
    (turn,) = [span for span in spans_of(bot, text=True) if span.parent is None]
    assert turn.attributes is not None
    assert "幸福路" in json.loads(str(turn.attributes["gen_ai.input.messages"]))[0]["parts"][0]["content"]


# -- the files for running it


def test_the_compose_file_fits_the_settings_and_the_image() -> None:
    compose = yaml.safe_load((SERVICE / "compose.yaml").read_text())
    docker = (SERVICE / "Dockerfile").read_text()
    units = (SERVICE / "compose.yaml").read_text() + docker + (SERVICE / "README.md").read_text()
    named = {name.lower() for name in re.findall(r"\bZHIYIN_([A-Z_]+)\b", units)}
    assert named <= set(Settings.model_fields), "a setting that is none"
    services = compose["services"]
    apps = {name for name, service in services.items() if service.get("image") == "zhiyin"}
    assert len(apps) == 2
    address = Settings(
        database_url=services["app1"]["environment"]["ZHIYIN_DATABASE_URL"],
        chroma_url=services["app1"]["environment"]["ZHIYIN_CHROMA_URL"],
    )
    assert address.database_url.split("@")[1].split(":")[0] in services
    assert re.fullmatch(r"http://(\w+):8000", address.chroma_url).group(1) in services  # type: ignore[union-attr]
    port = re.search(r"ZHIYIN_PORT=(\d+)", docker).group(1)  # type: ignore[union-attr]
    assert f"EXPOSE {port}" in docker
    assert f":{port}/readyz" in docker
    for file in ("Caddyfile", "prometheus.yml"):
        assert set(re.findall(r"(app\d):" + port, (SERVICE / file).read_text())) == apps
    assert "USER zhiyin" in docker
    volumes = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    assert {name for name in volumes if not name.startswith(".")} == set(compose["volumes"])
    stop = float(services["app1"]["environment"]["ZHIYIN_STOP_SECONDS"])
    assert float(services["app1"]["stop_grace_period"].rstrip("s")) > stop + 10
    for service in services.values():
        assert set(service.get("depends_on", [])) <= set(services)
        assert service["networks"] == ["inside"]


def test_the_unit_gives_replies_the_time_to_end() -> None:
    unit = (SERVICE / "zhiyin.service").read_text()
    assert float(re.search(r"TimeoutStopSec=(\d+)", unit).group(1)) > Settings().stop_seconds + 10  # type: ignore[union-attr]
    assert "User=zhiyin" in unit
