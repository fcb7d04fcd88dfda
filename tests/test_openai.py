"""An OpenAI-compatible endpoint, played by a small fake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event, Thread
from time import monotonic

import httpx
import pytest

import bot.phrasing.openai
from bot.phrasing.breaker import Breaker
from bot.phrasing.language_model import Prompt
from bot.phrasing.openai import OpenAIModel
from bot.phrasing.watched import Watched
from errors import ModelError

PROMPTS = [Prompt("say it", "", "one"), Prompt("say it", "a fact", "two")]
Answer = Callable[[httpx.Request], httpx.Response]


def stream(*pieces: str) -> httpx.Response:
    rows = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    return httpx.Response(200, text="".join(f"data: {row}\n\n" for row in [*rows, "[DONE]"]))


def echo(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    assert request.url == "http://words/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer key"
    assert body["stream"]
    return stream(body["messages"][1]["content"].replace("\n", ", "), " line", "\nand more")


@contextmanager
def model(answer: object, at_once: int = 8) -> Iterator[OpenAIModel]:
    made = OpenAIModel("http://words/v1/", "tiny", "key", at_once=at_once, transport=httpx.MockTransport(answer))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def words(answer: object, prompts: list[Prompt] = PROMPTS, **how: int) -> dict[int, str]:
    lines = dict.fromkeys(range(len(prompts)), "")
    with model(answer) as asked:
        for index, text in asked.generate(prompts, **how):  # type: ignore[arg-type]
            lines[index] += text
    return lines


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.phrasing.openai, "PAUSE", 0.0)


def test_lines_come_side_by_side_and_end_at_the_line_break() -> None:
    assert words(echo) == {0: "one line", 1: "a fact, two line"}


def test_line_breaks_before_the_first_word_end_nothing() -> None:
    assert words(lambda _: stream("\n", "\n fine", "\nmore")) == {0: "fine", 1: "fine"}


def test_another_try_is_another_sample() -> None:
    heat: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heat.append(json.loads(request.content)["temperature"])
        return stream("fine")

    for attempt in (0, 1):
        words(answer, PROMPTS[:1], attempt=attempt)
    assert heat[0] < heat[1]


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(503, headers={"Retry-After": format_datetime(datetime.now(UTC) - timedelta(seconds=9))}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
    ],
)
@pytest.mark.usefixtures("no_pause")
def test_a_request_that_fails_before_its_first_word_is_made_again(first: httpx.Response | Exception) -> None:
    answers = iter([first, stream("fine")])

    def answer(_: httpx.Request) -> httpx.Response:
        told = next(answers)
        if isinstance(told, Exception):
            raise told
        return told

    assert words(answer, PROMPTS[:1]) == {0: "fine"}


@pytest.mark.usefixtures("no_pause")
def test_what_an_endpoint_says_of_coming_again_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def slept(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", slept)
    answers = iter([httpx.Response(429, headers={"Retry-After": "2"}), stream("fine")])
    assert words(lambda _: next(answers), PROMPTS[:1]) == {0: "fine"}
    assert pauses == [2.0]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(429, headers={"Retry-After": "60"}),
        httpx.Response(503, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1))}),
        httpx.Response(401),
        httpx.Response(404),
    ],
)
def test_a_request_that_would_fail_again_or_wait_long_is_made_once(answer: httpx.Response) -> None:
    asked: list[httpx.Request] = []

    def count(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    with pytest.raises(ModelError, match=f"answered {answer.status_code}"):
        words(count, PROMPTS[:1])
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(500), "answered 500"),
        (httpx.Response(200, text="data: garbage\n\n"), "no stream"),
        (httpx.Response(200, text="<html>hello</html>"), "no stream"),
        (httpx.Response(200, text='{"choices": [{"message": {"content": "whole"}}]}'), "no stream"),
        (httpx.Response(200, text='data: {"choices": [{}]}\n\n'), "no stream"),
        (httpx.Response(200, text='data: {"choices": [{"delta": null}]}\n\n'), "no stream"),
        (httpx.Response(200, text='data: {"error": "overloaded"}\n\n'), "no stream"),
        (httpx.ConnectError("refused"), "cannot be reached"),
        (httpx.RemoteProtocolError("gone"), "cannot be reached"),
        (httpx.ReadTimeout("slow"), "in time"),
    ],
)
@pytest.mark.usefixtures("no_pause")
def test_what_goes_wrong_is_said(answer: httpx.Response | httpx.HTTPError, reason: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    with pytest.raises(ModelError, match=reason):
        words(fail, PROMPTS[:1])


class Pieces(httpx.AsyncByteStream):
    """A stream of words that then breaks, or waits until it is closed."""

    def __init__(self, *pieces: str, error: Exception | None = None) -> None:
        self.pieces, self.error = pieces, error
        self.waits, self.closed = Event(), Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n".encode()
        if self.error:
            raise self.error
        self.waits.set()
        await asyncio.sleep(60)

    async def aclose(self) -> None:
        self.closed.set()


def test_a_stream_that_breaks_is_not_begun_again_and_the_other_lines_go_on() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        said = json.loads(request.content)["messages"][1]["content"]
        asked.append(said)
        if said == "one":
            return httpx.Response(200, stream=Pieces("half a", error=httpx.ReadError("broken")))
        return stream("fine")

    lines = {0: "", 1: ""}

    def listen(endpoint: OpenAIModel) -> None:
        for index, text in endpoint.generate(PROMPTS):
            lines[index] += text

    with model(answer) as endpoint, pytest.raises(ModelError, match="cannot be reached"):
        listen(endpoint)
    assert lines == {0: "half a", 1: "fine"}
    assert len(asked) == 2


@pytest.mark.parametrize("how", ["stopped", "closed", "out of time"])
def test_who_leaves_closes_the_streams_even_while_no_word_comes(how: str) -> None:
    streams = [Pieces("a"), Pieces()]
    left = iter(streams)
    stop = Event()
    with model(lambda _: httpx.Response(200, stream=next(left))) as endpoint:
        asked = Watched(endpoint, 0.4) if how == "out of time" else endpoint
        lines = asked.generate(PROMPTS, stop=stop)
        assert isinstance(next(lines)[1], str)
        assert all(pieces.waits.wait(5) for pieces in streams)
        match how:
            case "stopped":
                stop.set()
                assert list(lines) == []
            case "closed":
                lines.close()  # type: ignore[attr-defined]
            case "out of time":
                with pytest.raises(ModelError, match="in time"):
                    list(lines)
        assert all(pieces.closed.wait(5) for pieces in streams)


def test_no_more_requests_than_allowed_are_under_way_at_once() -> None:
    under_way: list[int] = []
    most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        await asyncio.sleep(0.02)
        under_way.pop()
        return stream("fine")

    with model(answer, at_once=2) as endpoint:
        visitors = [Thread(target=lambda: list(endpoint.generate(PROMPTS * 2))) for _ in range(2)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
    assert most == 2


@pytest.mark.usefixtures("no_pause")
def test_an_endpoint_that_keeps_failing_is_left_alone_for_a_while() -> None:
    asked: list[httpx.Request] = []
    now = monotonic()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500) if len(asked) <= 6 else stream("fine")

    with model(answer) as endpoint:
        watched = Watched(endpoint, breaker=Breaker(clock=lambda: now))
        for _ in range(5):
            with pytest.raises(ModelError, match="answered 500"):
                list(watched.generate(PROMPTS[:1]))
        assert len(asked) == 6
        now += 31
        assert list(watched.generate(PROMPTS[:1])) == [(0, "fine")]
        assert watched.health.state == "ok"


def test_stop_ends_it() -> None:
    stop = Event()
    stop.set()
    with model(echo) as endpoint:
        assert list(endpoint.generate(PROMPTS, stop=stop)) == []


def test_a_closed_model_may_be_closed_again() -> None:
    with model(echo) as endpoint:
        endpoint.close()
