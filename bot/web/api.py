"""The HTTP interface, `/api/v1`, as the contract has it."""

import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from threading import Event
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bot.bot import Bot, as_lang
from bot.interest.state import view
from bot.phrasing.outcomes import words_of
from bot.reply import Reply, ReplyEvent
from bot.settings import Settings
from bot.web.streams import in_threads, problem, sse, sse_of
from bot.web.suggestions import Suggestions
from bot.web.texts import greeting
from errors import InputError, Lang, Unauthorized, ZhiyinError
from storage.records import MessageRecord, SessionRecord, new_token

log = logging.getLogger(__name__)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class NewSession(BaseModel):
    """What a session may be opened with."""

    lang: Literal["zh", "en"] | None = None
    domains: list[Annotated[str, Field(max_length=128)]] = Field(default=[], max_length=50)
    visitor: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    visitor_hash: Annotated[str, Field(max_length=128)] | None = None
    context: dict[str, Any] = Field(default={}, max_length=20)


class NewMessage(BaseModel):
    """What the visitor says."""

    text: str


class NewFeedback(BaseModel):
    """What the visitor did with an item."""

    item_id: Annotated[str, Field(max_length=128)]
    kind: str
    value: float | None = None
    turn_id: Annotated[str, Field(max_length=64)] | None = None


Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(max_length=100)]


class InterestEdit(BaseModel):
    """What the visitor changes of the interest by hand: labels of threads, words, refusals or limits."""

    model_config = ConfigDict(extra="forbid")
    remove: Labels = []
    pin: Labels = []
    weaken: Labels = []
    unpin: Labels = []


def asked_lang(accept_language: str | None) -> Lang:
    """The reader's language by the browser's header; Chinese where it comes first, else English."""
    first = (accept_language or "").split(",")[0].strip().lower()
    return "zh" if first.startswith("zh") else "en"


def request_lang(request: Request) -> Lang:
    """The language in which to tell the caller of an error."""
    return asked_lang(request.headers.get("accept-language"))


def verified_visitor(settings: Settings, body: NewSession) -> str | None:
    """The visitor's identity; where a secret is set, only with the right HMAC-SHA256 of it."""
    secret = settings.identity_secret.get_secret_value()
    if body.visitor is None or not secret:
        return body.visitor
    right = hmac.new(secret.encode(), body.visitor.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), (body.visitor_hash or "").lower().encode()):
        raise Unauthorized()
    return body.visitor


def api_router(bot: Bot, settings: Settings, suggestions: Suggestions) -> APIRouter:
    """All calls of the contract, over one bot."""
    router = APIRouter(prefix="/api/v1")

    def authorized(session_id: str, authorization: Annotated[str | None, Header()] = None) -> SessionRecord:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            bot.store.session(session_id)
            raise Unauthorized()
        return bot.store.authorize(session_id, token.strip())

    @router.post("/sessions", status_code=201)
    def open_session(body: NewSession, request: Request) -> dict[str, Any]:
        lang = body.lang or request_lang(request)
        token = new_token()
        session, slate = bot.open_session(
            token,
            lang,
            verified_visitor(settings, body),
            body.domains,
            body.context,
            proved=bool(settings.identity_secret.get_secret_value()),
        )
        return {
            "session_id": session.session_id,
            "token": token,
            "greeting": greeting(lang),
            "suggestions": suggestions(lang),
            "slate": slate.as_json(),
        }

    @router.post("/sessions/{session_id}/messages")
    async def say(
        session: Annotated[SessionRecord, Depends(authorized)], body: NewMessage, request: Request
    ) -> Response:
        stop = Event()
        steps = bot.reply(session.session_id, body.text, stop)
        first = await run_sync(next, steps)
        if "text/event-stream" in request.headers.get("accept", "") or "json" not in request.headers.get("accept", ""):
            headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            events = _events(first, steps, stop, request_lang(request))
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        return JSONResponse((await run_sync(_last, steps)).as_json())

    @router.get("/sessions/{session_id}")
    def read_session(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        items = {s.turn_id: [i.item_id for i in s.impressions] for s in bot.store.slates(session.session_id)}
        return {
            "session_id": session.session_id,
            "lang": session.lang,
            "turns": [
                _turn(message, items.get(message.turn_id, [])) for message in bot.store.messages(session.session_id)
            ],
            "interest": view(bot.interest(session.session_id)),
        }

    @router.get("/sessions/{session_id}/interest")
    def read_interest(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        return view(bot.interest(session.session_id))

    @router.patch("/sessions/{session_id}/interest")
    def edit_interest(session: Annotated[SessionRecord, Depends(authorized)], body: InterestEdit) -> dict[str, Any]:
        return view(bot.edit_interest(session.session_id, **body.model_dump()))

    @router.post("/sessions/{session_id}/feedback", status_code=201)
    def give_feedback(session: Annotated[SessionRecord, Depends(authorized)], body: NewFeedback) -> dict[str, Any]:
        kept = bot.feedback(session.session_id, body.item_id, body.kind, body.value, body.turn_id)
        return {"feedback_id": kept.feedback_id}

    @router.get("/sessions/{session_id}/slate")
    def read_slate(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        return bot.slate(session.session_id).as_json()

    @router.get("/sessions/{session_id}/why/{item_id:path}")
    def read_why(session: Annotated[SessionRecord, Depends(authorized)], item_id: str) -> dict[str, Any]:
        return bot.why(session.session_id, item_id).as_json()

    @router.get("/sessions/{session_id}/export")
    def export_session(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        return bot.store.export_session(session.session_id)

    @router.delete("/sessions/{session_id}", status_code=204)
    def delete_session(session: Annotated[SessionRecord, Depends(authorized)]) -> Response:
        bot.store.delete_session(session.session_id)
        return Response(status_code=204)

    # An id may hold slashes, so the longer path is looked at first.
    @router.get("/items/{item_id:path}/similar")
    def read_similar(item_id: str, request: Request) -> dict[str, Any]:
        return bot.similar(item_id, request_lang(request)).as_json()

    @router.get("/items/{item_id:path}")
    def read_item(item_id: str) -> dict[str, Any]:
        return bot.item(item_id).as_json()

    known = [route for route in router.routes if isinstance(route, APIRoute)]

    # The page is mounted at `/` and fits every path, so without this a wrong method would be no path at all.
    @router.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    def elsewhere(request: Request) -> None:
        fits = [route for route in known if route.matches(request.scope)[0] is Match.PARTIAL]
        right = {method for route in fits for method in route.methods or ()}
        if not right:
            raise HTTPException(404)
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(right))})

    return router


def _turn(message: MessageRecord, items: Sequence[str]) -> dict[str, Any]:
    told = {
        "turn_id": message.turn_id,
        "role": message.role,
        "text": message.text,
        "lines": dict(message.lines),
        "items": list(items),
        "created_at": message.created_at.isoformat(),
        "complete": message.complete,
    }
    if message.role == "bot":
        words, reason = words_of(message.line_outcomes.values())
        told |= {"words": words, "words_reason": reason or None}
    return told


async def _events(first: ReplyEvent, steps: Iterator[ReplyEvent], stop: Event, lang: Lang) -> AsyncIterator[bytes]:
    """The reply on the wire. Where the visitor leaves, `steps` is closed at once, even after the first event."""
    async with aclosing(in_threads(first, steps, stop)) as events:
        try:
            async for event in events:
                yield sse_of(event)
        except ZhiyinError as error:
            yield sse("error", problem(error, lang))
        except Exception as error:
            # The head is sent: nobody else can tell the reader any more.
            log.exception("a reply broke off", exc_info=error)
            yield sse("error", problem(ZhiyinError(), lang))


def _last(steps: Iterator[ReplyEvent]) -> Reply:
    for event in steps:
        if isinstance(event, Reply):
            return event
    raise InputError(field="text", zh_reason="没有得到回答", reason="there was no answer")


__all__ = ["api_router", "as_lang", "asked_lang", "request_lang"]
