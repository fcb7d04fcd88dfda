"""A language model under watch: it has so much time, and one that keeps failing is left alone for a while."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic

from bot.phrasing.breaker import Breaker, Health
from bot.phrasing.language_model import LanguageModel, Prompt
from errors import ModelError, ModelSlow

log = logging.getLogger(__name__)

SECONDS = 20.0
FIRST = 0.5
"""The part of the time within which the first words must come."""
PATIENCE = 0.05
"""Seconds between looks at the stop event."""

Words = Iterator[tuple[int, str]]
News = tuple[int, str] | Exception | None
"""From the thread in which the model runs: new text of a prompt, what went wrong, or None for the end."""


class Watched:
    """A language model whose callers never wait for long, whatever it does.

    It is run in a thread of its own for each call, so that one that hangs can be left behind.
    """

    def __init__(self, model: LanguageModel, seconds: float = SECONDS, breaker: Breaker | None = None) -> None:
        """`seconds`: the time for all lines of a reply."""
        self.model = model
        self.seconds = seconds
        self._breaker = breaker or Breaker()
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._hanging: list[Thread] = []

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def health(self) -> Health:
        """How the model does, and what it did so far."""
        with self._lock:
            counts = self._counts
            return replace(
                self._breaker.health,
                asked=counts["asked"],
                failed=counts["failed"],
                slow=counts["slow"],
                pieces=counts["pieces"],
            )

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int = 64,
        stop: Event | None = None,
        attempt: int = 0,
        seconds: float | None = None,
    ) -> Words:
        """As the model's own `generate`, for at most `seconds` (by default all the time there is).

        Raises ModelSlow where the time is over, ModelError where the model breaks in any way or is being left alone.
        """
        if self._is_hung() or not self._breaker.enter():
            reason = f"it is left alone for a while ({self._breaker.health.reason or 'it hangs'})"
            raise ModelError(model=self.name, reason=reason)
        left = Event()
        news: SimpleQueue[News] = SimpleQueue()

        def write() -> Words:
            return self.model.generate(prompts, max_new_tokens=max_new_tokens, stop=left, attempt=attempt)

        thread = Thread(target=_run, args=(write, news, left), name="words", daemon=True)
        thread.start()
        self._count("asked")
        done = False
        try:
            yield from self._in_time(news, stop, self.seconds if seconds is None else seconds)
            done = not (stop and stop.is_set())
        except ModelError as error:
            self._note(error, thread)
            raise
        finally:
            left.set()
            if done:
                self._breaker.succeeded()
            else:
                self._breaker.left()

    def close(self) -> None:
        """Ends what the model holds open, if it holds anything."""
        if close := getattr(self.model, "close", None):
            close()

    def _in_time(self, news: SimpleQueue[News], stop: Event | None, seconds: float) -> Words:
        begin = monotonic()
        until = begin + min(seconds, self.seconds * FIRST)
        while not (stop and stop.is_set()):
            try:
                said = news.get(timeout=min(PATIENCE, max(0.0, until - monotonic())))
            except Empty:
                if monotonic() >= until:
                    raise ModelSlow(model=self.name, reason="it did not write in time") from None
                continue
            if said is None:
                return
            if isinstance(said, Exception):
                raise self._failure(said) from said
            until = begin + seconds
            self._count("pieces")
            yield said

    def _failure(self, error: Exception) -> ModelError:
        if isinstance(error, ModelError):
            return error
        first = next(iter(str(error).splitlines()), "")
        return ModelError(model=self.name, reason=f"{type(error).__name__}: {first}" if first else type(error).__name__)

    def _note(self, error: ModelError, thread: Thread) -> None:
        slow = isinstance(error, ModelSlow)
        self._count("slow" if slow else "failed")
        self._breaker.failed(str(error.fields["reason"]))
        if slow:
            with self._lock:
                self._hanging.append(thread)

    def _is_hung(self) -> bool:
        """Whether calls that were left behind still run: as many as make the breaker act are enough."""
        with self._lock:
            self._hanging = [thread for thread in self._hanging if thread.is_alive()]
            return len(self._hanging) >= self._breaker.limit

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


def _run(write: Callable[[], Words], news: SimpleQueue[News], left: Event) -> None:
    """Passes on what the model writes until it ends, breaks or nobody listens any more."""
    try:
        words = write()
        for said in words:
            if left.is_set():
                break
            news.put(said)
        news.put(None)
    except Exception as error:  # whatever a model raises, the visitor gets plain sentences
        news.put(error)
