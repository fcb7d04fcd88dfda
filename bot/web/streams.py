"""A blocking iterator, read from an async one: each step runs in a thread, leaving closes it at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from bot.reply import Delta, Reply, ReplyEvent, Slate
from errors import Lang, ZhiyinError

T = TypeVar("T")
_END: Any = object()


async def in_threads(first: T, steps: Iterator[T]) -> AsyncGenerator[T]:
    """Yields what was read first, then what `steps` yields. Where the reader leaves, `steps` is closed in a thread."""
    try:
        yield first
        while (item := await run_sync(next, steps, _END)) is not _END:
            yield item
    finally:
        if isinstance(steps, Generator):
            with anyio.CancelScope(shield=True):
                await run_sync(steps.close)


def sse(event: str, data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def sse_of(event: ReplyEvent) -> bytes:
    """A reply's event on the wire: `slate`, `delta` or `done`."""
    names = {Slate: "slate", Delta: "delta", Reply: "done"}
    return sse(names[type(event)], event.as_json())


def problem(error: ZhiyinError, lang: Lang) -> dict[str, Any]:
    """An error as RFC 9457 problem details."""
    return {
        "type": "about:blank",
        "status": error.status,
        "title": error.code.replace("_", " "),
        "detail": error.say(lang),
        "code": error.code,
        **({"field": error.fields["field"]} if "field" in error.fields else {}),
    }
