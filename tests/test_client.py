"""The Python client: the same conversation, waiting and awaited, over the real app; and how it fails."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from test_api import SEED, Site, serving

from bot.bot import Mind
from bot.client import AsyncZhiyin, Delta, Problem, Reply, Slate, Zhiyin
from bot.client.calls import visitor_hash


@pytest.fixture(scope="module")
def site(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(mind, tmp_path_factory.mktemp("client"), identity_secret="secret") as site:
        yield site


def test_a_whole_conversation(site: Site) -> None:
    zhiyin = Zhiyin(http=site.client)
    session = zhiyin.open(lang="zh", visitor="ann", visitor_hash=visitor_hash("secret", "ann"), item_id="456")
    assert session.opened
    assert session.opened.token not in repr(session.opened)
    cheaper = session.say("像这个，但便宜一点", item_id="456")
    assert cheaper.slate.items
    assert all(card.price is not None and card.price < 299 for card in cheaper.slate.items)
    first, *deltas, last = session.stream(SEED)
    assert isinstance(first, Slate)
    assert isinstance(last, Reply)
    assert all(isinstance(delta, Delta) for delta in deltas)
    assert last.complete
    assert session.feedback("123", "like", turn_id=last.turn_id)
    assert session.slate().items
    session.seen(last.slate, [card.id for card in last.slate.items])
    label = session.interest()["threads"][0]["label"]
    assert session.edit(pin=[label])["threads"]
    assert len(session.conversation().turns) == 4
    assert session.conversation(limit=1).before
    assert session.export()["feedback"]
    session.cancel()
    assert zhiyin.item("123")["price"] == 199
    assert zhiyin.item("456", lang="en")["title"] != zhiyin.item("456", lang="zh")["title"]
    assert zhiyin.similar("123").items[0].because
    again = zhiyin.resume(session.session_id, session.token)
    again.delete()
    with pytest.raises(Problem) as gone:
        again.conversation()
    assert (gone.value.status, gone.value.code) == (404, "not_found")


def test_the_same_awaited(site: Site) -> None:
    async def talk() -> None:
        transport = httpx.ASGITransport(app=site.client.app)
        async with AsyncZhiyin(http=httpx.AsyncClient(transport=transport, base_url="http://testserver")) as zhiyin:
            session = await zhiyin.open(lang="zh")
            events = [event async for event in session.stream(SEED)]
            assert isinstance(events[0], Slate)
            assert isinstance(events[-1], Reply)
            assert (await session.say("换一批")).complete
            assert await session.feedback("123", "rating", 5)
            assert (await session.slate()).items
            await session.seen(events[0], [events[0].items[0].id])
            assert (await session.interest())["threads"]
            assert (await session.edit())["threads"]
            assert len((await zhiyin.resume(session.session_id, session.token).conversation()).turns) == 4
            assert (await session.export())["feedback"]
            assert (await zhiyin.item("123"))["price"] == 199
            assert (await zhiyin.similar("123")).items
            await session.cancel()
            with pytest.raises(Problem) as wrong:
                [event async for event in session.stream("")]
            assert (wrong.value.status, wrong.value.field) == (422, "text")
            await session.delete()

    asyncio.run(talk())


def test_a_wrong_identity_is_told(site: Site) -> None:
    with pytest.raises(Problem) as wrong:
        Zhiyin(http=site.client).open(visitor="ann", visitor_hash="x")
    assert wrong.value.status == 401


def answering(*answers: httpx.Response | Exception) -> tuple[Zhiyin, list[httpx.Request]]:
    """A client whose app gives these answers, and what it is asked."""
    left, asked = list(answers), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return Zhiyin(http=httpx.Client(transport=httpx.MockTransport(answer), base_url="http://app")), asked


def problem(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": "x", "detail": "y"}, headers=headers)


def test_what_broke_off_is_asked_again_with_the_same_key() -> None:
    kept = httpx.Response(201, json={"feedback_id": "f"})
    zhiyin, asked = answering(httpx.ConnectError("away"), problem(503), kept)
    assert zhiyin.resume("s", "t").feedback("1", "like") == "f"
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert len(asked) == 3


@pytest.mark.parametrize("answer", [problem(422), problem(429, **{"retry-after": "3600"}), problem(401)])
def test_what_cannot_help_is_not_tried_again(answer: httpx.Response) -> None:
    zhiyin, asked = answering(answer)
    with pytest.raises(Problem):
        zhiyin.resume("s", "t").say("x")
    assert len(asked) == 1


def test_opening_a_session_is_not_tried_again() -> None:
    zhiyin, asked = answering(httpx.ReadError("away"))
    with pytest.raises(httpx.ReadError):
        zhiyin.open()
    assert len(asked) == 1


def test_an_answer_that_is_no_problem_document_is_told_too() -> None:
    zhiyin, _ = answering(httpx.Response(500, text="<html>bad gateway</html>"))
    with pytest.raises(Problem, match="bad gateway") as wrong:
        zhiyin.item("a/b")
    assert wrong.value.code == "http"


def test_an_error_in_a_stream_is_raised() -> None:
    told = json.dumps({"status": 503, "code": "storage", "detail": "the disk is full"})
    zhiyin, _ = answering(httpx.Response(200, text=f": ping\n\nevent: error\ndata: {told}\n\n"))
    with pytest.raises(Problem, match="the disk is full"):
        list(zhiyin.resume("s", "t").stream("x"))


def test_importing_it_loads_no_models() -> None:
    code = "import sys, bot.client; print([m for m in ('torch', 'gradio', 'chromadb', 'fastapi') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
