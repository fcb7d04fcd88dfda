"""The application: the interface, the page, health and figures, and what every answer carries."""

from __future__ import annotations

import logging
from functools import cache, partial
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.bot import Bot
from bot.loading import Loader
from bot.settings import Settings
from bot.web.access import Access, Forwarded, Headers
from bot.web.api import api_router
from bot.web.description import describe
from bot.web.figures import Figures
from bot.web.limits import Limits
from bot.web.page import mount_page
from bot.web.problems import RETRY_AFTER, answered, asked_as, refusal, request_lang
from bot.web.reference import POLICY, reference
from bot.web.requests import RequestIds, route_of
from bot.web.review.mounting import add_console
from bot.web.sites import Sites
from bot.web.suggestions import Suggestions
from bot.web.widget.routes import widget_router
from errors import InputError, NotReady, ZhiyinError

log = logging.getLogger(__name__)

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REFUSALS = {
    404: ("{path} 这里什么也没有。", "There is nothing at {path}."),
    405: ("{path} 不能用 {method}。", "{path} does not take {method}."),
}
"""What a caller reads of a wrong address, in Chinese and in English."""


def create_app(bot: Bot, loader: Loader, settings: Settings) -> FastAPI:
    """The whole site over one bot: `/`, `/review`, `/api/v1`, `/healthz`, `/readyz`, `/metrics`."""
    app = FastAPI(title="Zhiyin", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    sites, limits = Sites.of(settings), Limits.of(settings)
    # The last one added is the first that a request meets.
    _measure(app, Figures(bot, loader, limits))
    app.add_middleware(Access, limits=limits)
    # Without a CORS layer of our own, Gradio would answer any origin with credentials allowed.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sites.origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Accept", "Idempotency-Key"],
        expose_headers=["Retry-After", "Idempotency-Replayed", "X-Request-ID"],
        max_age=7_200,
    )
    app.add_middleware(Headers)
    app.add_middleware(RequestIds)
    app.add_middleware(Forwarded, trusted=settings.trusted_proxies)
    _answer_errors(app)
    suggestions = Suggestions(lambda: loader().recommender.shelf.catalogue)
    _add_description(app)
    app.include_router(api_router(bot, sites, limits, suggestions))
    _add_health(app, bot, loader)
    app.include_router(widget_router())
    add_console(app, bot, loader, settings, limits)
    mount_page(app, bot, loader, suggestions, limits, sites.named("").welcome)
    return app


def _answer_errors(app: FastAPI) -> None:
    """Every error is a problem document in the caller's language; the log has the rest."""

    @app.exception_handler(ZhiyinError)
    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, ZhiyinError)
        if error.status >= 500 and not isinstance(error, NotReady):
            log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
        return refusal(error, request)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        # Where the body is no JSON at all, the place is a number of characters.
        names = [part for part in first["loc"] if part not in ("body", "query", "path", "header")]
        field = ".".join(map(str, names)) if names and first["type"] != "json_invalid" else "body"
        wrong = InputError(field=field, zh_reason=f"格式不对（{first['msg']}）", reason=str(first["msg"]))
        return refusal(wrong, request)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 400:
            wrong = InputError(field="body", zh_reason="不是 JSON", reason="it is no JSON")
            return refusal(wrong, request)
        zh, en = REFUSALS.get(error.status_code, (error.detail,) * 2)
        told = (zh if request_lang(request) == "zh" else en).format(path=request.url.path, method=request.method)
        code = str(error.detail).lower().replace(" ", "_")
        body = {"type": "about:blank", "status": error.status_code, "title": error.detail, "detail": told, "code": code}
        body |= asked_as()
        return answered(body, error.headers)


class Measured:
    """Counts and times requests by route, as far as an answer's head."""

    def __init__(self, app: ASGIApp, requests: Counter, seconds: Histogram) -> None:
        self._app = app
        self._requests = requests
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and looks at its answer's head."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
                self._requests.labels(method, route, str(message["status"])).inc()
                self._seconds.labels(method, route).observe(perf_counter() - start)
            await send(message)

        await self._app(scope, receive, noted)


def _measure(app: FastAPI, figures: Figures) -> None:
    """Counts and times requests by route, and adds `/metrics`."""
    app.add_middleware(Measured, requests=figures.requests, seconds=figures.seconds)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(figures.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_description(app: FastAPI) -> None:
    """`/api/v1/openapi.json` and `/api/v1/docs`.

    Must come before the interface, which takes every path left over below its prefix.
    """
    app.openapi = cache(partial(describe, app))  # type: ignore[method-assign]

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return app.openapi()

    @app.get("/api/v1/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(reference(app.openapi()), headers={"Content-Security-Policy": POLICY})


def _add_health(app: FastAPI, bot: Bot, loader: Loader) -> None:
    @app.get("/healthz", include_in_schema=False)
    def alive() -> dict[str, Any]:
        return {"status": "ok", "language_model": loader.status().language_model.as_json()}

    @app.get("/readyz", include_in_schema=False)
    def ready() -> Response:
        status, stopping = loader.status(), bot.running.stopping
        told = status.as_json() | ({"status": "stopping"} if stopping else {})
        good = status.ready and not stopping
        return JSONResponse(told, 200 if good else 503, headers={} if good else {"Retry-After": RETRY_AFTER})
