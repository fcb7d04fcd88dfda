"""Any OpenAI-compatible chat endpoint (vLLM, Ollama, llama.cpp, hosted) as a language model."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import httpx

from bot.phrasing.language_model import Prompt
from errors import ModelError

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=20.0, pool=None)
TRIES = 2
"""How often a request is made that brought no word."""
TEMPERATURE = 0.3
OTHER_TEMPERATURE = 0.9
"""For another sample than the first."""
AT_ONCE = 8
PATIENCE = 0.05
"""Seconds between looks at the stop event."""
BUSY = frozenset({429, 503})
"""Statuses that may say when to come again."""
PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that another request may not meet."""
PAUSE = 0.2
MOST_PAUSE = 3.0
"""Seconds before another request, and the most that an endpoint may ask for: nobody waits longer for a line."""

News = tuple[int, str | ModelError | None]
"""From one request: (prompt, new text), (prompt, None) for its end, or what went wrong."""


class OpenAIModel:
    """Writes lines through `POST {base_url}/chat/completions`, streamed, one request a prompt, side by side.

    All requests run on one event loop in a thread, so that those nobody waits for are broken off at once.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        at_once: int = AT_ONCE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`at_once`: requests that the endpoint is sent at once, over all callers; others wait."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        address = base_url.rstrip("/") + "/"
        limits = httpx.Limits(max_connections=at_once)
        self._client = httpx.AsyncClient(
            base_url=address, headers=headers, timeout=TIMEOUT, limits=limits, transport=transport
        )
        self._model = model
        self._room = asyncio.Semaphore(at_once)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="endpoint", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self._model

    def close(self) -> None:
        """Closes the connections; the model cannot be asked any more."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it comes; each line ends at its first line break.

        Raises ModelError where the endpoint cannot be reached, refuses, or answers what is no stream of words; if
        only some lines fail, after the others.
        """
        news: SimpleQueue[News] = SimpleQueue()
        temperature = OTHER_TEMPERATURE if attempt else TEMPERATURE
        bodies = [self._body(prompt, max_new_tokens, temperature) for prompt in prompts]
        requests = [
            asyncio.run_coroutine_threadsafe(self._write(index, body, news), self._loop)
            for index, body in enumerate(bodies)
        ]
        failure: ModelError | None = None
        open_lines = len(prompts)
        try:
            while open_lines and not (stop and stop.is_set()):
                try:
                    index, said = news.get(timeout=PATIENCE)
                except Empty:
                    continue
                if isinstance(said, str):
                    yield index, said
                else:
                    open_lines -= 1
                    failure = failure or said
        finally:
            for request in requests:
                request.cancel()
        if failure:
            raise failure

    def _body(self, prompt: Prompt, limit: int, temperature: float) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.text},
            ],
            "max_tokens": limit,
            "temperature": temperature,
            "stream": True,
        }

    async def _write(self, index: int, body: dict[str, Any], news: SimpleQueue[News]) -> None:
        """One line; asked for again if it failed before its first word and may not fail again."""
        for tries_left in reversed(range(TRIES)):
            begun = False
            try:
                async with self._room:
                    async for text in self._line(body):
                        begun = True
                        news.put((index, text))
                news.put((index, None))
                return
            except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                log.warning("the endpoint failed: %s", error)
                pause = _pause(error)
                if begun or not tries_left or pause is None:
                    news.put((index, ModelError(model=self._model, reason=_reason(error))))
                    return
            await asyncio.sleep(pause)

    async def _line(self, body: dict[str, Any]) -> AsyncIterator[str]:
        """The words up to the first line break after them."""
        begun = told = False
        async with self._client.stream("POST", "chat/completions", json=body) as response:
            response.raise_for_status()
            async for row in response.aiter_lines():
                told = told or row.startswith("data:")
                text = _text(row)
                if text is None:
                    return
                line, end, _ = (text if begun else text.lstrip()).partition("\n")
                if line:
                    begun = True
                    yield line
                if end and begun:
                    return
        if not told:
            raise ValueError("no row of data")


def _text(row: str) -> str | None:
    """What a row of the stream adds; None where it ends the stream."""
    data = row.removeprefix("data:").strip()
    if not row.startswith("data:") or not data:
        return ""
    if data == "[DONE]":
        return None
    choices = json.loads(data)["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


def _pause(error: Exception) -> float | None:
    """Seconds until the request may be made again; None where that would help nobody."""
    if not isinstance(error, httpx.HTTPStatusError):
        return PAUSE
    status = error.response.status_code
    if status < 500 and status not in PASSING:
        return None
    asked = _seconds(error.response.headers.get("retry-after", "")) if status in BUSY else None
    if asked is None:
        return PAUSE
    return asked if asked <= MOST_PAUSE else None


def _seconds(retry_after: str) -> float | None:
    """The header's value: seconds, or a date (RFC 9110); None where it is neither."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the endpoint answered {error.response.status_code}"
    if isinstance(error, httpx.TimeoutException):
        return "the endpoint did not answer in time"
    if isinstance(error, httpx.HTTPError):
        return "the endpoint cannot be reached"
    return "the endpoint's answer is no stream of chat completions"
