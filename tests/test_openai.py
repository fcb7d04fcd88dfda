"""An OpenAI-compatible endpoint, played by a small fake."""

from __future__ import annotations

import json
from threading import Event

import httpx
import pytest

from bot.phrasing.language_model import Prompt
from bot.phrasing.openai import OpenAIModel
from errors import ModelError

PROMPTS = [Prompt("say it", "one"), Prompt("say it", "two")]


def stream(*pieces: str) -> httpx.Response:
    rows = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    return httpx.Response(200, text="".join(f"data: {row}\n\n" for row in [*rows, "[DONE]"]))


def echo(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    assert request.url == "http://words/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer key"
    assert body["stream"]
    return stream(body["messages"][1]["content"], " line", "\nand more")


def model(answer: object) -> OpenAIModel:
    return OpenAIModel("http://words/v1/", "tiny", "key", transport=httpx.MockTransport(answer))  # type: ignore[arg-type]


def test_lines_come_side_by_side_and_end_at_the_line_break() -> None:
    lines = {0: "", 1: ""}
    for index, text in model(echo).generate(PROMPTS):
        lines[index] += text
    assert lines == {0: "one line", 1: "two line"}


def test_a_request_that_fails_before_its_first_word_is_made_again() -> None:
    answers = iter([httpx.Response(500), stream("fine")])
    assert list(model(lambda request: next(answers)).generate(PROMPTS[:1])) == [(0, "fine")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(500), "answered 500"),
        (httpx.Response(200, text="data: garbage\n\n"), "no stream"),
        (httpx.Response(200, text='data: {"choices": [{}]}\n\n'), "no stream"),
        (httpx.ConnectError("refused"), "cannot be reached"),
        (httpx.ReadTimeout("slow"), "in time"),
    ],
)
def test_what_goes_wrong_is_said(answer: httpx.Response | httpx.HTTPError, reason: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    with pytest.raises(ModelError, match=reason):
        list(model(fail).generate(PROMPTS[:1]))


def test_stop_ends_it() -> None:
    stop = Event()
    stop.set()
    assert list(model(echo).generate(PROMPTS, stop=stop)) == []
