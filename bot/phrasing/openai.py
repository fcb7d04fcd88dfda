"""Any OpenAI-compatible chat endpoint (vLLM, Ollama, llama.cpp, hosted) as a language model."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread

import httpx

from bot.phrasing.language_model import Prompt
from errors import ModelError

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=20.0)
TRIES = 2
"""How often a request is made that brought no word."""
TEMPERATURE = 0.3
PATIENCE = 0.05
"""Seconds between looks at the stop event."""

News = tuple[int, str | ModelError | None]
"""From one request's thread: (prompt, new text), (prompt, None) for its end, or what went wrong."""


class OpenAIModel:
    """Writes lines through `POST {base_url}/chat/completions`, streamed, one request a prompt, side by side."""

    def __init__(
        self, base_url: str, model: str, api_key: str = "", *, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        address = base_url.rstrip("/") + "/"
        self._client = httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT, transport=transport)
        self._model = model

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self._model

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it comes; each line ends at its first line break.

        Raises ModelError where the endpoint cannot be reached, refuses, or answers what is no stream of words.
        """
        news: SimpleQueue[News] = SimpleQueue()
        left = Event()
        for index, prompt in enumerate(prompts):
            arguments = (index, prompt, max_new_tokens, news, left)
            Thread(target=self._write, args=arguments, name=f"words-{index}", daemon=True).start()
        open_lines = len(prompts)
        try:
            while open_lines and not (stop and stop.is_set()):
                try:
                    index, said = news.get(timeout=PATIENCE)
                except Empty:
                    continue
                if isinstance(said, ModelError):
                    raise said
                if said is None:
                    open_lines -= 1
                else:
                    yield index, said
        finally:
            left.set()

    def _write(self, index: int, prompt: Prompt, limit: int, news: SimpleQueue[News], left: Event) -> None:
        """One line, in its own thread; tried again if it failed before its first word."""
        for attempt in range(1, TRIES + 1):
            begun = False
            try:
                for text in self._stream(prompt, limit):
                    if left.is_set():
                        return
                    begun = True
                    line, end, _ = text.partition("\n")
                    if line:
                        news.put((index, line))
                    if end:
                        break
                news.put((index, None))
                return
            except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
                log.warning("the endpoint failed (try %d): %s", attempt, error)
                if begun or attempt == TRIES:
                    news.put((index, ModelError(model=self._model, reason=_reason(error))))
                    return

    def _stream(self, prompt: Prompt, limit: int) -> Iterator[str]:
        body = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            "max_tokens": limit,
            "temperature": TEMPERATURE,
            "stream": True,
        }
        with self._client.stream("POST", "chat/completions", json=body) as response:
            response.raise_for_status()
            for row in response.iter_lines():
                data = row.removeprefix("data:").strip()
                if not row.startswith("data:") or not data:
                    continue
                if data == "[DONE]":
                    return
                choices = json.loads(data)["choices"]
                text = choices[0]["delta"].get("content") if choices else None
                if text:
                    yield text


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the endpoint answered {error.response.status_code}"
    if isinstance(error, httpx.TimeoutException):
        return "the endpoint did not answer in time"
    if isinstance(error, httpx.HTTPError):
        return "the endpoint cannot be reached"
    return "the endpoint's answer is no stream of chat completions"
