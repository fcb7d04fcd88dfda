"""What stands before the mounted page: lets through what it needs, and says what a browser may do with it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.access import local_path, marked

PREFIXES = ("/assets/", "/static/", "/gradio_api/heartbeat/")
PATHS = frozenset({"/", "/config", "/theme.css", "/favicon.ico", "/robots.txt"})
CALLS = frozenset(
    f"/gradio_api/{name}"
    for name in (
        "queue/join",
        "queue/data",
        "cancel",
        "reset",
        "startup-events",
        "theme.css",
        "app_id",
        "login_check",
    )
)

# The page's configuration is an inline script and its components are compiled in the browser, so scripts need
# both unsafe words; everything else comes from this host. Pictures may be the catalogue's, from anywhere.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: http: https:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def allowed(path: str) -> bool:
    """Whether the page needs this path; uploads, files, direct calls and documentation are not among them."""
    if ".." in path:
        return False
    return path in PATHS or path in CALLS or path.startswith(PREFIXES)


class Guard:
    """An ASGI layer over the mounted page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 404 for a path that the page does not need; adds the headers to the others."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not allowed(local_path(scope)):
            raise HTTPException(404)
        await self._app(scope, receive, marked(send, lambda headers: headers.update(HEADERS)))
