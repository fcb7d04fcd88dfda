"""Two origins for the widget's tests: a site that uses it, and an interface that answers as it is told."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from browser import free_port
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse

from bot.web.streams import sse
from bot.web.widget.routes import widget_router

Json = dict[str, Any]
PAGE = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Host</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
    '<body><main><h1>Host</h1><button id="first">before</button>{body}</main>{tag}</body></html>'
)


def tag(base: str, **data: str) -> str:
    """The script tag, with its `data-` attributes."""
    told = "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
    return f'<script src="{base}/widget.js" async{told}></script>'


def host_page(base: str, head: str = "", body: str = "", lang: str = "en", **data: str) -> str:
    """A page that uses the widget."""
    return PAGE.format(lang=lang, head=head, body=body, tag=tag(base, **data))


@dataclass
class Host:
    """A site. `pages`: path → HTML; `headers`: path → headers, such as a policy."""

    address: str
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def put(self, html: str, path: str = "/", **headers: str) -> str:
        """Shows a page; the answer is its address."""
        self.pages[path] = html
        self.headers[path] = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.address + path


@contextmanager
def serving_host() -> Iterator[Host]:
    """A site on an origin of its own."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            found = host.pages.get(path)
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in host.headers.get(path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write((found or "").encode())

        def log_message(self, *told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    host = Host(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def card(item_id: str, title: str = "", **other: Any) -> Json:
    """A card of the interface."""
    return {
        "id": item_id,
        "title": title or f"Item {item_id}",
        "domain": "clothing",
        "category": "jeans",
        "brand": "Brand",
        "price": 199,
        "currency": "CNY",
        "year": None,
        "tags": ["cotton"],
        "url": f"https://shop.example/{item_id}",
        "image_url": None,
        "attributes": {"color": "navy"},
        "score": 1.0,
        "parts": {"words": 1.0},
        "because": [{"kind": "words", "text": "you mentioned jeans", "turn_id": "t"}],
        **other,
    }


@dataclass
class Told:
    """What the interface answers, and what it was asked. Tests change it as they go.

    `before`: statuses that calls get before one is answered; `cut`: after how many deltas a reply breaks off, once;
    `gone`: sessions are not known any more; `pause`: seconds between deltas.
    """

    cards: list[Json] = field(default_factory=lambda: [card("a1", "Blue jeans"), card("b2", "White shirt")])
    words: dict[str, str] = field(default_factory=lambda: {"opening": "Here they are.", "a1": "One.", "b2": "Two."})
    suggestions: list[str] = field(default_factory=lambda: ["Jeans under 300", "A white shirt"])
    greeting: str = "Hello, what are you looking for?"
    question: Json | None = None
    unmet: list[str] = field(default_factory=list)
    before: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cut: int | None = None
    gone: bool = False
    pause: float = 0.0
    site: Json | None = None
    calls: list[tuple[str, str, Json, Mapping[str, str]]] = field(default_factory=list)
    sessions: int = 0
    removed: list[str] = field(default_factory=list)
    turns: list[Json] = field(default_factory=list)

    def asked(self, method: str, path: str) -> list[Json]:
        """The bodies of the calls to a path, by its end."""
        return [body for verb, at, body, _ in self.calls if verb == method and at.endswith(path)]

    @property
    def slate(self) -> Json:
        """What is shown now."""
        return {"slate_id": f"s{len(self.calls)}", "items": self.cards, "unmet": self.unmet} | (
            {"question": self.question} if self.question else {}
        )

    @property
    def interest(self) -> Json:
        """What was heard, without what was removed."""
        words = [{"text": text, "weight": 1.0, "turn_id": "t", "pinned": False} for text in ("jeans", "cotton")]
        return {
            "threads": [
                {"label": "jeans", "weight": 1.0, "domain": "clothing", "words": self._left(words), "pinned": False}
            ],
            "refusals": self._left([{"text": "red", "turn_id": "t"}]),
            "constraints": self._left([{"field": "price", "op": "<=", "value": 300, "text": "under 300"}]),
            "sentiment": 0.0,
        }

    def _left(self, heard: list[Json]) -> list[Json]:
        return [one for one in heard if one["text"] not in self.removed]


def fake_app(told: Told, origins: list[str]) -> FastAPI:
    """The interface, answering as it is told; the widget's own routes are the real ones."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Accept", "Idempotency-Key"],
        expose_headers=["Retry-After"],
    )
    app.include_router(widget_router())

    @app.get("/healthz")
    def alive() -> Json:
        return {"status": "ok"}

    @app.api_route("/api/v1/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def answer(path: str, request: Request) -> Response:
        body = json.loads(await request.body() or b"{}")
        told.calls.append((request.method, path, body, request.headers))
        if told.before:
            status, headers = told.before.pop(0)
            return JSONResponse({"status": status, "detail": "later", "code": "later"}, status, headers=headers)
        if path.startswith("sessions/") and told.gone:
            return JSONResponse({"status": 404, "detail": "gone", "code": "not_found"}, 404)
        return _answer(told, request.method, path, body)

    return app


def _answer(told: Told, method: str, path: str, body: Json) -> Response:
    match (method, path.split("/")):
        case ("POST", ["sessions"]):
            told.sessions += 1
            told.gone = False
            return JSONResponse(
                {
                    "session_id": f"session-{told.sessions}",
                    "token": f"token-{told.sessions}",
                    "greeting": told.greeting,
                    "suggestions": told.suggestions,
                    "slate": told.slate,
                    **({"site": told.site} if told.site else {}),
                },
                201,
            )
        case ("POST", ["sessions", _, "messages"]):
            return StreamingResponse(_reply(told, body["text"]), media_type="text/event-stream")
        case ("POST", ["sessions", _, "feedback"]):
            return JSONResponse({"feedback_id": "f"}, 201)
        case ("POST", ["sessions", _, "cancel" | "seen"]) | ("DELETE", ["sessions", _]):
            return Response(status_code=204)
        case ("GET", ["sessions", _]):
            return JSONResponse({"turns": told.turns, "interest": told.interest})
        case ("PATCH", ["sessions", _, "interest"]):
            told.removed += body["remove"]
            return JSONResponse(told.interest)
        case ("GET", ["sessions", _, "interest"]):
            return JSONResponse(told.interest)
        case ("GET", ["sessions", _, "slate"]):
            return JSONResponse(told.slate)
        case ("GET", ["sessions", _, "why", item_id]):
            return JSONResponse(why(item_id))
        case ("GET", ["items", item_id]):
            found = [one for one in told.cards if one["id"] == item_id]
            return JSONResponse(found[0]) if found else JSONResponse({"status": 404, "detail": "no"}, 404)
    return JSONResponse({"status": 404, "detail": "no such path"}, 404)


def why(item_id: str) -> Json:
    """Why an item is on a card."""
    return {
        "item_id": item_id,
        "score": 2.0,
        "rank": 1,
        "moved": False,
        "parts": [
            {"name": "words", "label": "words you said", "value": 1.5, "share": 0.75},
            {"name": "price", "label": "price", "value": -0.5, "share": -0.25},
        ],
        "because": [{"kind": "words", "text": "you mentioned jeans", "turn_id": "t"}],
        "without": [
            {"kind": "word", "label": "jeans", "thread": "jeans", "score": 0.5, "rank": None, "instead": None},
            {"kind": "limit", "label": "under 300", "thread": "jeans", "score": 1.5, "rank": 2, "instead": None},
        ],
    }


async def _reply(told: Told, text: str) -> AsyncIterator[bytes]:
    cut, told.cut = told.cut, None
    slate = told.slate
    yield sse("slate", slate)
    deltas = [(part, piece) for part, words in told.words.items() for piece in words.split(" ")]
    for sent, (part, piece) in enumerate(deltas):
        if sent == cut:
            return
        await asyncio.sleep(told.pause)
        yield sse("delta", {"part": part, "text": piece + " "})
    lines = {part: words for part, words in told.words.items() if part != "opening"}
    reply = {"turn_id": f"turn-{len(told.calls)}", "slate": slate, "text": told.words["opening"], "lines": lines}
    yield sse("done", {**reply, "intent": "ask", "complete": True, "timings_ms": {}})


class Fake:
    """The interface on an origin of its own; it can be stopped and started again at the same address."""

    def __init__(self, origins: list[str]) -> None:
        self.told = Told()
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._origins = origins
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serves, until it is stopped."""
        app = fake_app(self.told, self._origins)
        config = uvicorn.Config(
            app, port=self.port, log_level="critical", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started and time.monotonic() < end:
            time.sleep(0.02)
        assert self._server.started

    def stop(self) -> None:
        """Stops at once; replies that are running break off."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._server = self._thread = None


@contextmanager
def serving_fake(*origins: str) -> Iterator[Fake]:
    """An interface that lets these origins in."""
    fake = Fake(list(origins))
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()
