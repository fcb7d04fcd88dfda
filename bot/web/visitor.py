"""Who is looking at the page: a cookie names the visitor's session, another the language.

The session's cookie is HttpOnly, so only the server reads it; every act of the page is authorised by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from bot.bot import Bot
from bot.loading import Loader
from bot.web.problems import asked_lang, problem
from errors import Lang, NotFound, NotReady, Unauthorized
from storage.records import SessionRecord, new_token
from storage.store import Store

SESSION_COOKIE = "zhiyin_session"
LANG_COOKIE = "zhiyin_lang"
KEPT_SECONDS = 180 * 86_400


class Visit(BaseModel):
    """What the page asks for when it opens. `fresh`: a new conversation, even where there is one already."""

    fresh: bool = False
    lang: Literal["zh", "en"] | None = None


def page_lang(cookies: Mapping[str, str], accept_language: str | None) -> Lang:
    """The language the visitor chose, else the browser's."""
    chosen = cookies.get(LANG_COOKIE)
    if chosen == "zh":
        return "zh"
    return "en" if chosen == "en" else asked_lang(accept_language)


def visitor_session(store: Store, cookies: Mapping[str, str]) -> SessionRecord:
    """The session that the cookie opens. Raises Unauthorized without a right one, NotFound if it is gone."""
    session_id, dot, token = cookies.get(SESSION_COOKIE, "").partition(".")
    if not (session_id and dot and token):
        raise Unauthorized()
    return store.authorize(session_id, token)


def visitor_router(bot: Bot, loader: Loader) -> APIRouter:
    """`POST /page/session`: opens the visitor's session, or finds it again, and sets the cookie."""
    router = APIRouter(include_in_schema=False)

    @router.post("/page/session")
    def open_session(body: Visit, request: Request, response: Response) -> dict[str, Any]:
        lang = body.lang or page_lang(request.cookies, request.headers.get("accept-language"))
        try:
            if not body.fresh and (known := _known(bot, request.cookies)):
                return {"session_id": known.session_id}
            token = new_token()
            session, _ = bot.open_session(token, lang)
        except NotReady as error:
            response.status_code = error.status
            return {**problem(error, lang), "failed": "start" in loader.status().degraded}
        response.set_cookie(
            SESSION_COOKIE,
            f"{session.session_id}.{token}",
            max_age=KEPT_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return {"session_id": session.session_id}

    return router


def _known(bot: Bot, cookies: Mapping[str, str]) -> SessionRecord | None:
    try:
        return visitor_session(bot.store, cookies)
    except (Unauthorized, NotFound):
        return None
