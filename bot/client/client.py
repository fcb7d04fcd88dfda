"""The two clients: the same calls, one waiting and one awaited.

Messages and feedback carry a key of their own, so that a call that broke off may be made again: it is, a few times.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx

from bot.client.calls import (
    Conversation,
    Event,
    Json,
    Kind,
    Lines,
    Opened,
    Problem,
    Reply,
    Slate,
    looking_back,
    opening,
    saying,
    telling,
)

PREFIX = "/api/v1"
TRIES = 3
AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 30.0
"""Seconds that a client waits by itself before it tries again; beyond that the caller is told."""
TIMEOUT = 60.0


def _pause(problem: Problem | httpx.TransportError, attempt: int) -> float | None:
    """Seconds to wait before the next try; None: do not try again."""
    if isinstance(problem, httpx.TransportError):
        return float(0.2 * 2**attempt) if attempt + 1 < TRIES else None
    wait = problem.retry_after or 0.2 * 2**attempt
    return wait if problem.status in AGAIN and attempt + 1 < TRIES and wait <= LONGEST_PAUSE else None


def _problem(answer: httpx.Response) -> Problem:
    return Problem.of(answer.status_code, answer.content, answer.headers.get("retry-after"))


def _headers(token: str, *, accept: str = "application/json", key: bool = False) -> dict[str, str]:
    keyed = {"Idempotency-Key": uuid.uuid4().hex} if key else {}
    return {"Authorization": f"Bearer {token}", "Accept": accept, **keyed}


def _place(session_id: str) -> str:
    return f"{PREFIX}/sessions/{quote(session_id, safe='')}"


class Session:
    """One visitor's conversation. Made by `Zhiyin.open` or `Zhiyin.resume`."""

    def __init__(self, http: httpx.Client, session_id: str, token: str, opened: Opened | None = None) -> None:
        self.session_id = session_id
        self.token = token
        self.opened = opened
        self._place = _place(session_id)
        self._http = http

    def say(self, text: str, item_id: str | None = None) -> Reply:
        """Says something and waits for the whole reply. `item_id`: what the visitor's page shows, if that changed."""
        return Reply.of(self._call("POST", "/messages", saying(text, item_id), key=True))

    def stream(self, text: str, item_id: str | None = None) -> Iterator[Event]:
        """Says something and yields the reply as it comes: a Slate, then Deltas, then the Reply."""
        lines = Lines()
        headers = _headers(self.token, accept="text/event-stream", key=True)
        with self._http.stream(
            "POST", self._place + "/messages", json=saying(text, item_id), headers=headers
        ) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for line in answer.iter_lines():
                yield from lines.take(line)

    def cancel(self) -> None:
        """Stops the reply that is running."""
        self._call("POST", "/cancel")

    def feedback(self, item_id: str, kind: Kind, value: float | None = None, turn_id: str | None = None) -> str:
        """Tells what the visitor did with an item; returns the feedback's id."""
        return str(self._call("POST", "/feedback", telling(item_id, kind, value, turn_id), key=True)["feedback_id"])

    def seen(self, slate: Slate, item_ids: Iterable[str]) -> None:
        """Tells which cards of a slate the visitor truly had in sight."""
        self._call("POST", "/seen", {"slate_id": slate.slate_id, "item_ids": list(item_ids)})

    def slate(self) -> Slate:
        """A slate for the interest as it is now."""
        return Slate.of(self._call("GET", "/slate"))

    def interest(self) -> Json:
        """What was heard."""
        return self._call("GET", "/interest")

    def edit(self, *, remove: Iterable[str] = (), pin: Iterable[str] = ()) -> Json:
        """Changes what was heard, by label; returns the interest."""
        return self._call("PATCH", "/interest", {"remove": list(remove), "pin": list(pin)})

    def conversation(self, limit: int = 100, before: str | None = None) -> Conversation:
        """The last turns; with `before`, those before that turn."""
        return Conversation.of(self._call("GET", looking_back(limit, before)))

    def export(self) -> Json:
        """All that is held on the session."""
        return self._call("GET", "/export")

    def delete(self) -> None:
        """Deletes the session and all that is held on it."""
        self._call("DELETE", "")

    def _call(self, method: str, path: str, body: Json | None = None, *, key: bool = False) -> Json:
        return _called(self._http, method, self._place + path, body, _headers(self.token, key=key))


def _called(http: httpx.Client, method: str, path: str, body: Json | None, headers: dict[str, str]) -> Json:
    safe = method in ("GET", "DELETE") or "Idempotency-Key" in headers
    attempt = 0
    while True:
        try:
            answer = http.request(method, path, json=body, headers=headers)
            if not answer.is_error:
                return dict(answer.json()) if answer.content else {}
            problem: Problem | httpx.TransportError = _problem(answer)
        except httpx.TransportError as error:
            problem = error
        pause = _pause(problem, attempt) if safe else None
        if pause is None:
            raise problem
        time.sleep(pause)
        attempt += 1


class Zhiyin(AbstractContextManager["Zhiyin"]):
    """A client of one app. `address`: such as http://127.0.0.1:7860; `http`: your own httpx client, if you have one."""

    def __init__(self, address: str = "", http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=address, timeout=TIMEOUT)

    def open(
        self,
        *,
        lang: str | None = None,
        site: str = "",
        domains: Iterable[str] = (),
        visitor: str | None = None,
        visitor_hash: str | None = None,
        item_id: str | None = None,
    ) -> Session:
        """A new session. Raises Problem."""
        body = opening(lang, site, domains, visitor, visitor_hash, item_id)
        opened = Opened.of(_called(self._http, "POST", f"{PREFIX}/sessions", body, {}))
        return Session(self._http, opened.session_id, opened.token, opened)

    def resume(self, session_id: str, token: str) -> Session:
        """A session that was opened before."""
        return Session(self._http, session_id, token)

    def item(self, item_id: str, site: str = "", lang: str | None = None) -> Json:
        """An item of the catalogue, in a language where it has words in it; else as it is held."""
        return _called(self._http, "GET", _item_path(item_id, "", site, lang), None, {})

    def similar(self, item_id: str, site: str = "", lang: str | None = None) -> Slate:
        """Items like one."""
        return Slate.of(_called(self._http, "GET", _item_path(item_id, "/similar", site, lang), None, {}))

    def __exit__(self, *_: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _item_path(item_id: str, rest: str, site: str, lang: str | None) -> str:
    asked = urlencode({name: value for name, value in (("site", site), ("lang", lang)) if value})
    return f"{PREFIX}/items/{quote(item_id, safe='')}{rest}{'?' if asked else ''}{asked}"


class AsyncSession:
    """One visitor's conversation, awaited. Made by `AsyncZhiyin.open` or `AsyncZhiyin.resume`."""

    def __init__(self, http: httpx.AsyncClient, session_id: str, token: str, opened: Opened | None = None) -> None:
        self.session_id = session_id
        self.token = token
        self.opened = opened
        self._place = _place(session_id)
        self._http = http

    async def say(self, text: str, item_id: str | None = None) -> Reply:
        """As `Session.say`."""
        return Reply.of(await self._call("POST", "/messages", saying(text, item_id), key=True))

    async def stream(self, text: str, item_id: str | None = None) -> AsyncIterator[Event]:
        """As `Session.stream`."""
        lines = Lines()
        headers = _headers(self.token, accept="text/event-stream", key=True)
        asked: Any = self._http.stream("POST", self._place + "/messages", json=saying(text, item_id), headers=headers)
        async with asked as answer:
            if answer.is_error:
                await answer.aread()
                raise _problem(answer)
            async for line in answer.aiter_lines():
                for event in lines.take(line):
                    yield event

    async def cancel(self) -> None:
        """As `Session.cancel`."""
        await self._call("POST", "/cancel")

    async def feedback(self, item_id: str, kind: Kind, value: float | None = None, turn_id: str | None = None) -> str:
        """As `Session.feedback`."""
        answer = await self._call("POST", "/feedback", telling(item_id, kind, value, turn_id), key=True)
        return str(answer["feedback_id"])

    async def seen(self, slate: Slate, item_ids: Iterable[str]) -> None:
        """As `Session.seen`."""
        await self._call("POST", "/seen", {"slate_id": slate.slate_id, "item_ids": list(item_ids)})

    async def slate(self) -> Slate:
        """As `Session.slate`."""
        return Slate.of(await self._call("GET", "/slate"))

    async def interest(self) -> Json:
        """As `Session.interest`."""
        return await self._call("GET", "/interest")

    async def edit(self, *, remove: Iterable[str] = (), pin: Iterable[str] = ()) -> Json:
        """As `Session.edit`."""
        return await self._call("PATCH", "/interest", {"remove": list(remove), "pin": list(pin)})

    async def conversation(self, limit: int = 100, before: str | None = None) -> Conversation:
        """As `Session.conversation`."""
        return Conversation.of(await self._call("GET", looking_back(limit, before)))

    async def export(self) -> Json:
        """As `Session.export`."""
        return await self._call("GET", "/export")

    async def delete(self) -> None:
        """As `Session.delete`."""
        await self._call("DELETE", "")

    async def _call(self, method: str, path: str, body: Json | None = None, *, key: bool = False) -> Json:
        return await _acalled(self._http, method, self._place + path, body, _headers(self.token, key=key))


async def _acalled(http: httpx.AsyncClient, method: str, path: str, body: Json | None, headers: dict[str, str]) -> Json:
    safe = method in ("GET", "DELETE") or "Idempotency-Key" in headers
    attempt = 0
    while True:
        try:
            answer = await http.request(method, path, json=body, headers=headers)
            if not answer.is_error:
                return dict(answer.json()) if answer.content else {}
            problem: Problem | httpx.TransportError = _problem(answer)
        except httpx.TransportError as error:
            problem = error
        pause = _pause(problem, attempt) if safe else None
        if pause is None:
            raise problem
        await asyncio.sleep(pause)
        attempt += 1


class AsyncZhiyin(AbstractAsyncContextManager["AsyncZhiyin"]):
    """As `Zhiyin`, awaited."""

    def __init__(self, address: str = "", http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(base_url=address, timeout=TIMEOUT)

    async def open(
        self,
        *,
        lang: str | None = None,
        site: str = "",
        domains: Iterable[str] = (),
        visitor: str | None = None,
        visitor_hash: str | None = None,
        item_id: str | None = None,
    ) -> AsyncSession:
        """As `Zhiyin.open`."""
        body = opening(lang, site, domains, visitor, visitor_hash, item_id)
        opened = Opened.of(await _acalled(self._http, "POST", f"{PREFIX}/sessions", body, {}))
        return AsyncSession(self._http, opened.session_id, opened.token, opened)

    def resume(self, session_id: str, token: str) -> AsyncSession:
        """As `Zhiyin.resume`."""
        return AsyncSession(self._http, session_id, token)

    async def item(self, item_id: str, site: str = "", lang: str | None = None) -> Json:
        """As `Zhiyin.item`."""
        return await _acalled(self._http, "GET", _item_path(item_id, "", site, lang), None, {})

    async def similar(self, item_id: str, site: str = "", lang: str | None = None) -> Slate:
        """As `Zhiyin.similar`."""
        return Slate.of(await _acalled(self._http, "GET", _item_path(item_id, "/similar", site, lang), None, {}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()
