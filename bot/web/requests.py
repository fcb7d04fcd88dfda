"""What tells one request from another: its id, on the answer, in problem documents and in every line of the log."""

from __future__ import annotations

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.service.logs import REQUESTS, request_id

log = logging.getLogger(REQUESTS)

HEADER = "X-Request-ID"
KNOWN = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
"""What is taken over from a proxy; another one may hold anything."""
UNTOLD = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that a machine asks every few seconds."""


class RequestIds:
    """Gives every request an id: the trusted proxy's, or a new one. Logs one line when its answer has begun.

    Comes after what takes away the headers of those that are not trusted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        id_ = given if KNOWN.fullmatch(given) else uuid4().hex
        token, start = request_id.set(id_), perf_counter()

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = id_
                _tell(scope, message["status"], perf_counter() - start)
            await send(message)

        try:
            await self._app(scope, receive, marked)
        finally:
            request_id.reset(token)


def route_of(scope: Scope) -> str:
    """The route that answers, without the ids in its address; `other` where there is none."""
    return getattr(scope.get("route"), "path", "other")


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = route_of(scope)
    if route in UNTOLD:
        return
    ms = round(seconds * 1000, 1)
    known = {"method": scope["method"], "route": route, "status": status, "ms": ms}
    log.info("%s %s %d", scope["method"], route, status, extra=known)
