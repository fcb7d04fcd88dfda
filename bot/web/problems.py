"""Errors on the wire: problem documents (RFC 9457) in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from bot.service.logs import NONE, request_id
from errors import Lang, NotReady, TooMany, ZhiyinError

PROBLEM = "application/problem+json"
RETRY_AFTER = "2"
"""Seconds after which to come again where something is not ready."""


def asked_lang(accept_language: str | None) -> Lang:
    """The reader's language by the browser's header; Chinese where it comes first, else English."""
    first = (accept_language or "").split(",")[0].strip().lower()
    return "zh" if first.startswith("zh") else "en"


def request_lang(request: Request) -> Lang:
    """The language in which to tell the caller of an error."""
    return asked_lang(request.headers.get("accept-language"))


def problem(error: ZhiyinError, lang: Lang) -> dict[str, Any]:
    """An error as RFC 9457 problem details."""
    return {
        "type": "about:blank",
        "status": error.status,
        "title": error.code.replace("_", " "),
        "detail": error.say(lang),
        "code": error.code,
        **({"field": error.fields["field"]} if "field" in error.fields else {}),
        **asked_as(),
    }


def asked_as() -> dict[str, str]:
    """What a caller can name when they ask about an error: the request's id, where there is a request."""
    id_ = request_id.get()
    return {} if id_ == NONE else {"request_id": id_}


def answered(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A problem document as an answer."""
    return JSONResponse(dict(body), body["status"], media_type=PROBLEM, headers=dict(headers or {}))


def refusal(error: ZhiyinError, request: Request) -> Response:
    """An error as the answer to a request; with the time to come again, where that helps."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.fields["seconds"])
    elif error.status == NotReady.status:
        headers["Retry-After"] = RETRY_AFTER
    return answered(problem(error, request_lang(request)), headers)
