"""What every request passes before anything answers it: whose forwarded headers are believed, which origins may
call, how large a body may be, and what a browser may do with the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.web.limits import Limits
from bot.web.problems import refusal
from errors import BodyTooLarge, WrongOrigin, ZhiyinError

log = logging.getLogger(__name__)

API = "/api/"
GRADIO = "/gradio_api/"
COUNTED = ("/gradio_api/queue/join", "/page/session")
"""Paths outside the interface whose calls count for an address, too."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UPLOAD = "/review/catalogue/import"
UPLOAD_BODY = 32 * 1024 * 1024
API_BODY = 64 * 1024
PAGE_BODY = 1024 * 1024
"""Bytes that a request may have."""
FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-request-id")

API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=()",
}


def local_path(scope: Scope) -> str:
    """The path within the app, wherever a proxy shows it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def own_origin(request: Request) -> str:
    """The origin under which the caller sees the app itself."""
    return f"{request.url.scheme}://{request.url.netloc}"


def marked(send: Send, mark: Callable[[MutableHeaders], object]) -> Send:
    """The way out, on which an answer's headers are marked."""

    async def on_the_way(message: Message) -> None:
        if message["type"] == "http.response.start":
            mark(MutableHeaders(scope=message))
        await send(message)

    return on_the_way


class Forwarded:
    """Believes forwarded headers (for, proto, host) from trusted proxies; from others they are taken away."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self._networks = [ip_network(address) for address in trusted]
        self._plain = app
        # It looks at the nearest address only; which that may be has been decided here.
        self._proxied = ProxyHeadersMiddleware(app, trusted_hosts=list(trusted))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with the headers that may be believed."""
        if scope["type"] not in ("http", "websocket"):
            await self._plain(scope, receive, send)
            return
        if self._trusts(scope):
            hosts = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
            if hosts:
                host = hosts[-1].split(b",")[-1].strip()
                others = [(name, value) for name, value in scope["headers"] if name != b"host"]
                scope["headers"] = [*others, (b"host", host)]
            await self._proxied(scope, receive, send)  # type: ignore[arg-type]
            return
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].startswith(FORWARDED)]
        await self._plain(scope, receive, send)

    def _trusts(self, scope: Scope) -> bool:
        try:
            peer = ip_address(scope["client"][0])
        except (TypeError, ValueError):
            return False
        return any(peer in network for network in self._networks)


class Headers:
    """Adds the security headers that an answer does not bring itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and marks its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        def add(headers: MutableHeaders) -> None:
            for name, value in _headers(scope).items():
                headers.setdefault(name, value)

        await self._app(scope, receive, marked(send, add))


def _headers(scope: Scope) -> dict[str, str]:
    told = dict(HEADERS)
    if local_path(scope).startswith(API):
        told |= {
            "Content-Security-Policy": API_POLICY,
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "no-store",
        }
    else:
        told |= {
            "Content-Security-Policy": PAGE_POLICY,
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Frame-Options": "SAMEORIGIN",
        }
    if scope.get("scheme") == "https":
        told["Strict-Transport-Security"] = "max-age=31536000"
    return told


class Access:
    """Refuses what is too large, too often, or from a foreign page; answers what nobody else caught."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with a problem document."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            self._check(request)
            receive = await _bounded(request, receive)
            await self._app(scope, receive, watched)
        except ZhiyinError as error:
            await refusal(error, request)(scope, receive, send)
        except Exception as error:
            log.error("%s %s failed", request.method, local_path(scope), exc_info=error)
            if begun:
                raise
            await refusal(ZhiyinError(), request)(scope, receive, send)

    def _check(self, request: Request) -> None:
        path, origin = local_path(request.scope), request.headers.get("origin")
        # The interface knows which site a call is for, and checks that site's origins itself.
        guarded = not path.startswith(API) and (request.method not in SAFE or path.startswith(GRADIO))
        if guarded and origin and origin != own_origin(request):
            raise WrongOrigin(origin=origin)
        if path in COUNTED:
            self._limits.call(request.client.host if request.client else "")


async def _bounded(request: Request, receive: Receive) -> Receive:
    """The body, if it is not too large. One that does not say its size is read here, up to the limit."""
    path = local_path(request.scope)
    limit = API_BODY if path.startswith(API) else UPLOAD_BODY if path == UPLOAD else PAGE_BODY
    length = request.headers.get("content-length", "")
    if length:
        if not length.isdigit() or int(length) > limit:
            raise BodyTooLarge(field="body", limit=limit)
        return receive
    if "transfer-encoding" not in request.headers:
        return receive
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return receive
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise BodyTooLarge(field="body", limit=limit)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
