"""Two replicas with a Chroma server, all real processes, and what may befall them; long runs: `tests/load/faults.py`.

One group of processes serves all tests here, so each leaves it as it found it.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from processes import SAID, Endpoint, Process, Visitor, app, check_kept, chroma, client, ended, endpoint, until

STOP_SECONDS = 1


@dataclass
class Site:
    """Everything that runs."""

    index: Process
    apps: tuple[Process, Process]
    words: Endpoint
    database: Path
    http: httpx.Client

    def visitor(self, *at: int) -> Visitor:
        """A new session, whose calls go to these apps in turn."""
        return Visitor([self.apps[number].address for number in at], self.http).open()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path, models_dir: Path) -> Iterator[Site]:
    folder = Path(shutil.copytree(sample_dir, tmp_path_factory.mktemp("site") / "data"))
    index = chroma(folder / "chroma")
    with endpoint() as (address, words), client() as http:
        settings: dict[str, object] = {
            "chroma_url": index.address,
            "llm": "openai",
            "llm_base_url": address,
            "llm_model": "played",
            "stop_seconds": STOP_SECONDS,
            "database_url": f"sqlite:///{folder / 'zhiyin.db'}",
        }
        apps = app(folder, models_dir, **settings), app(folder, models_dir, **settings)
        with ended(index, *apps):
            index.start().ready()
            for one in [one.start() for one in apps]:
                one.ready()
            yield Site(index, apps, words, folder / "zhiyin.db", http)


def test_a_session_that_hops_is_answered_as_on_one(site: Site) -> None:
    stays, hops = site.visitor(0), site.visitor(0, 1)
    for text in SAID:
        one, two = stays.say(text), hops.say(text)
        assert [card["id"] for card in one["slate"]["items"]] == [card["id"] for card in two["slate"]["items"]]
        assert (one["text"], one["lines"], one["intent"]) == (two["text"], two["lines"], two["intent"])
        liked = one["slate"]["items"][0]["id"]
        stays.like(liked)
        hops.like(liked)
    for visitor in (stays, hops):
        check_kept(visitor)
    counted = [one.figures()["zhiyin_slate_seconds_count"] for one in site.apps]
    assert min(counted) >= len(SAID) // 2, "it did not hop"


def test_a_call_that_comes_again_at_another_replica_is_done_once(site: Site) -> None:
    visitor = site.visitor(0, 1)
    first, again = (visitor.once("POST", f"{visitor.path}/messages", {"text": SAID[0]}, "same") for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()


@pytest.mark.parametrize("mood", ["broken", "garbage"])
def test_an_endpoint_that_fails_leaves_plain_words(site: Site, mood: str) -> None:
    site.words.mood = mood
    reply = site.visitor(0).say(SAID[0])
    site.words.mood = "well"
    assert reply["complete"]
    assert reply["text"]
    assert all(reply["lines"].values())
    assert (reply["words"], reply["words_reason"]) == ("plain", "failed")


def test_a_chroma_server_that_goes_is_done_without_and_taken_up_again(site: Site) -> None:
    site.index.end(signal.SIGKILL)
    visitor, before = site.visitor(0, 1), site.visitor(0, 1)
    replies = [visitor.say(text) for text in SAID[:2]]
    assert all(reply["slate"]["items"] for reply in replies)
    assert "index" in site.apps[0].readiness()["degraded"]
    site.index.start().ready()
    for one in site.apps:
        until(lambda one=one: "index" not in one.readiness()["degraded"], 60)  # type: ignore[misc]
    again = [before.say(text) for text in SAID[:2]]
    assert [[card["id"] for card in reply["slate"]["items"]] for reply in again] == [
        [card["id"] for card in reply["slate"]["items"]] for reply in replies
    ]


def test_a_locked_database_is_told_of_and_nothing_is_lost(site: Site) -> None:
    visitor = site.visitor(0)
    visitor.say(SAID[0])
    with closing(sqlite3.connect(site.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = visitor.once("POST", f"{visitor.path}/messages", {"text": SAID[1]}, "locked")
        other.execute("ROLLBACK")
    assert refused.status_code == 503
    assert refused.json()["code"] == "storage"
    assert "占用" in refused.json()["detail"]
    assert refused.headers["Retry-After"]
    visitor.say(SAID[1])
    check_kept(visitor)
    assert site.apps[0].figures()["zhiyin_database_errors_total"] > 0


def test_a_full_disk_is_told_of_and_nothing_is_lost(site: Site) -> None:
    visitor = site.visitor(0)
    visitor.say(SAID[0])
    site.apps[0].room(1024)
    try:
        refused = visitor.once("POST", f"{visitor.path}/messages", {"text": SAID[1]}, "full")
    finally:
        site.apps[0].room(-1)
    assert refused.status_code == 503
    assert refused.json()["code"] == "storage"
    assert "磁盘" in refused.json()["detail"]
    visitor.say(SAID[1])
    check_kept(visitor)


def test_killed_under_load_it_loses_and_doubles_nothing(site: Site) -> None:
    visitors, over = [site.visitor(0, 1) for _ in range(4)], Event()

    def talk(visitor: Visitor) -> None:
        for text in cycle(SAID):
            cards = visitor.say(text)["slate"]["items"]
            if cards:
                visitor.like(cards[0]["id"])
            if over.is_set():
                return

    talking = [Thread(target=talk, args=(visitor,)) for visitor in visitors]
    for thread in talking:
        thread.start()
    for one in site.apps:
        said = sum(len(visitor.said) for visitor in visitors)
        until(lambda said=said: sum(len(visitor.said) for visitor in visitors) > said + 3)  # type: ignore[misc]
        assert one.end(signal.SIGKILL) == -signal.SIGKILL
        one.start().ready()
    over.set()
    for thread in talking:
        thread.join(120)
    for visitor in visitors:
        assert len(visitor.said) > 1
        check_kept(visitor)


def test_told_to_stop_it_refuses_new_messages_ends_running_ones_and_exits_well(site: Site) -> None:
    one, visitor, other = site.apps[0], site.visitor(0), site.visitor(0)
    site.words.mood, asked = "hanging", site.words.asked
    answers: list[httpx.Response] = []
    call = ("POST", f"{visitor.path}/messages", {"text": SAID[0]}, "running")
    running = Thread(target=lambda: answers.append(visitor.once(*call)))
    running.start()
    until(lambda: site.words.asked > asked)
    with client() as before:  # a connection that is open already, as a proxy's
        assert before.get(f"{one.address}/healthz").status_code == 200
        one.send(signal.SIGTERM)
        until(lambda: before.get(f"{one.address}/readyz").status_code == 503, STOP_SECONDS)
        assert before.get(f"{one.address}/readyz").json()["status"] == "stopping"
        headers = {"Authorization": f"Bearer {other.token}"}
        refused = before.post(f"{one.address}{other.path}/messages", json={"text": SAID[0]}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "stopping")
    assert refused.headers["Retry-After"]
    running.join(30)
    assert one.running is not None
    assert one.running.wait(60) == 0
    site.words.mood = "well"
    reply = answers[0].json()
    assert reply["complete"] is False
    assert len(reply["slate"]["items"]) == 3
    visitor.addresses = [site.apps[1].address]
    kept = [message["complete"] for message in visitor.stored()["messages"]]
    assert kept == [True, False]
    one.start().ready()
