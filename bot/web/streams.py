"""A blocking iterator, read from an async one: each step runs in a thread, leaving ends it at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator
from threading import Event, Lock
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from bot.reply import Delta, Reply, ReplyEvent, Slate

T = TypeVar("T")
_END: Any = object()


async def in_threads(first: T, steps: Iterator[T], stop: Event | None = None) -> AsyncGenerator[T]:
    """Yields what was read first, then what `steps` yields. Where the reader leaves, `steps` is closed in a thread.

    `stop` is set where the reader leaves in the middle of a step, so that it need not be waited for to its end.
    """
    running = Lock()

    def step() -> T | Any:
        with running:
            return next(steps, _END)

    def close() -> None:
        with running:
            if isinstance(steps, Generator):
                steps.close()

    try:
        yield first
        while (item := await run_sync(step, abandon_on_cancel=True)) is not _END:
            yield item
    finally:
        if stop is not None:
            stop.set()
        with anyio.CancelScope(shield=True):
            await run_sync(close)


def sse(event: str, data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def sse_of(event: ReplyEvent) -> bytes:
    """A reply's event on the wire: `slate`, `delta` or `done`."""
    names = {Slate: "slate", Delta: "delta", Reply: "done"}
    return sse(names[type(event)], event.as_json())
