"""What the widget is served by: the script, what an open panel loads, the page that builds the tag, the demo sites."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from bot.web.widget.bundle import panel, widget_script
from errors import Lang

OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Any page may load these: they hold nothing that is anybody's. What may call the interface, the interface says."""
FOR_NOW = "public, max-age=300, stale-while-revalidate=86400"
FOR_GOOD = "public, max-age=31536000, immutable"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' https: http: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
TYPES = {"js": "text/javascript", "ts": "text/plain", "css": "text/css", "html": "text/html"}
PAGES = {"": "builder.html", "/demo/shop": "shop.html", "/demo/films": "films.html"}


@dataclass(frozen=True)
class Asset:
    """A text as it goes out, whole and gzipped, and the tag by which a browser knows it again."""

    body: bytes
    zipped: bytes
    tag: str
    media_type: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> Asset:
        """The asset of a body."""
        zipped = gzip.compress(body, 9, mtime=0)
        return cls(body, zipped, f'W/"{hashlib.sha256(body).hexdigest()[:16]}"', f"{media_type}; charset=utf-8")

    def answer(self, request: Request, headers: dict[str, str]) -> Response:
        """The answer to a request: nothing new, gzipped or whole."""
        told = {**headers, "ETag": self.tag, "Vary": "Accept-Encoding"}
        if self.tag.removeprefix("W/") in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=told)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.zipped, media_type=self.media_type, headers=told | {"Content-Encoding": "gzip"})
        return Response(self.body, media_type=self.media_type, headers=told)


def widget_router() -> APIRouter:
    """All routes of the widget."""
    router = APIRouter(include_in_schema=False)

    @router.get("/widget.js")
    def script(request: Request) -> Response:
        return _script().answer(request, {**OPEN, "Cache-Control": FOR_NOW})

    @router.get("/widget.d.ts")
    def types(request: Request) -> Response:
        return _types().answer(request, {**OPEN, "Cache-Control": FOR_NOW})

    @router.get("/widget/panel.{lang}.json")
    def open_panel(lang: Literal["zh", "en"], request: Request) -> Response:
        return _panel(lang).answer(request, {**OPEN, "Cache-Control": FOR_GOOD})

    @router.get("/widget/pages/{name}")
    def page_part(name: str, request: Request) -> Response:
        return _page(name).answer(request, {"Cache-Control": "no-cache"})

    for path, name in PAGES.items():
        router.add_api_route(f"/widget{path}", _shower(name), methods=["GET"])
    return router


def page_text(name: str) -> str:
    """The text of a page or of its script or style."""
    place = files("bot.web.widget").joinpath("pages")
    if name not in {entry.name for entry in place.iterdir()} or name.rpartition(".")[2] not in TYPES:
        raise HTTPException(404)
    return place.joinpath(name).read_text("utf-8")


def _shower(name: str) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        return _page(name).answer(request, {"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY})

    return show


@cache
def _script() -> Asset:
    return Asset.of(widget_script(), TYPES["js"])


@cache
def _types() -> Asset:
    return Asset.of(files("bot.web.widget").joinpath("zhiyin.d.ts").read_bytes(), TYPES["ts"])


@cache
def _panel(lang: Lang) -> Asset:
    return Asset.of(panel(lang), "application/json")


@cache
def _page(name: str) -> Asset:
    return Asset.of(page_text(name).encode(), TYPES[name.rpartition(".")[2]])
