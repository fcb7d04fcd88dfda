"""The HTTP interface, `/api/v1`, as the contract has it."""

import logging
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing, closing
from threading import Event
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bot.bot import Bot
from bot.interest.state import view
from bot.keeping import checked_text
from bot.phrasing.outcomes import words_of
from bot.reply import Reply, ReplyEvent
from bot.web.access import own_origin
from bot.web.limits import Limits
from bot.web.once import Once, at_once, replayed
from bot.web.problems import problem, request_lang
from bot.web.schema import FeedbackKind
from bot.web.sites import Site, Sites
from bot.web.streams import in_threads, sse, sse_of
from bot.web.suggestions import Suggestions
from errors import InputError, Lang, NotFound, Unauthorized, ZhiyinError
from retrieval.items import Item
from storage.records import FeedbackRecord, MessageRecord, SessionRecord, new_token

log = logging.getLogger(__name__)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
SiteName = Annotated[str, Query(max_length=64, description="The site whose part of the catalogue is looked at.")]
ReaderLang = Annotated[
    Lang | None, Query(description="The reader's language; without it Accept-Language, and without that as it is held.")
]


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="Any text that is new for each call: a repeated call with the same one does nothing twice.",
    ),
]


class Page(BaseModel):
    """The page that the visitor is on. `item_id`: the item that it shows; null for none."""

    item_id: Annotated[str, Field(max_length=128)] | None = None


class NewSession(BaseModel):
    """What a session may be opened with."""

    lang: Literal["zh", "en"] | None = None
    site: Annotated[str, Field(max_length=64)] = ""
    domains: list[Annotated[str, Field(max_length=128)]] = Field(default=[], max_length=50)
    visitor: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    visitor_hash: Annotated[str, Field(max_length=128)] | None = None
    context: Page = Page()


class NewMessage(BaseModel):
    """What the visitor says. `context`: the page they are on, where it has changed."""

    text: str
    context: Page | None = None


class NewFeedback(BaseModel):
    """What the visitor did with an item."""

    item_id: Annotated[str, Field(max_length=128)]
    kind: FeedbackKind
    value: float | None = None
    turn_id: Annotated[str, Field(max_length=64)] | None = None


class Seen(BaseModel):
    """Which cards of a slate were in sight."""

    slate_id: Annotated[str, Field(max_length=64)]
    item_ids: list[Annotated[str, Field(max_length=128)]] = Field(min_length=1, max_length=50)


Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(max_length=100)]


class InterestEdit(BaseModel):
    """What the visitor changes of the interest by hand: labels of threads, words, refusals or limits."""

    model_config = ConfigDict(extra="forbid")
    remove: Labels = []
    pin: Labels = []
    weaken: Labels = []
    unpin: Labels = []


def api_router(bot: Bot, sites: Sites, limits: Limits, suggestions: Suggestions) -> APIRouter:
    """All calls of the contract, over one bot."""

    def counted(request: Request) -> None:
        limits.call(request.client.host if request.client else "")

    router = APIRouter(
        prefix="/api/v1", dependencies=[Depends(counted)], generate_unique_id_function=lambda route: route.name
    )

    def let_in(site: Site, request: Request) -> Site:
        sites.check_origin(site, request.headers.get("origin"), (own_origin(request),))
        return site

    def authorized(
        session_id: str, request: Request, authorization: Annotated[str | None, Header()] = None
    ) -> SessionRecord:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            bot.store.session(session_id)
            raise Unauthorized()
        session = bot.store.authorize(session_id, token.strip())
        let_in(sites.named(session.site), request)
        return session

    def acting(session: Annotated[SessionRecord, Depends(authorized)]) -> SessionRecord:
        limits.act(session, proved=sites.named(session.site).proves)
        return session

    def visible(item_id: str, site: Site) -> Item:
        item = bot.item(item_id)
        if not site.shows(item):
            raise NotFound(what="item", id=item_id)
        return item

    @router.post("/sessions", status_code=201, response_model=None)
    def open_session(body: NewSession, request: Request) -> dict[str, Any]:
        site = let_in(sites.named(body.site), request)
        lang = body.lang or request_lang(request)
        token = new_token()
        session, slate = bot.open_session(
            token,
            lang,
            site.visitor(body.visitor, body.visitor_hash),
            site.within(body.domains),
            body.context.model_dump(exclude_none=True),
            proved=site.proves,
            site=site.name,
            tags=site.tags,
        )
        told = site.told(lang)
        return {
            "session_id": session.session_id,
            "token": token,
            "greeting": site.welcome(lang),
            "suggestions": suggestions(lang, session.domains, session.tags),
            "slate": slate.as_json(),
            **({"site": told} if told else {}),
            **({"privacy_notice": site.notice[lang]} if lang in site.notice else {}),
        }

    @router.post("/sessions/{session_id}/messages", response_model=None)
    async def say(
        session: Annotated[SessionRecord, Depends(acting)], body: NewMessage, request: Request, key: Key = None
    ) -> Response:
        accept = request.headers.get("accept", "")
        streamed = "text/event-stream" in accept or "json" not in accept
        once = Once.of(bot, session.session_id, key, "messages", body.model_dump()) if key else None
        if once and (earlier := await run_sync(once.earlier)):
            again = {"Idempotency-Replayed": "true"}
            if not streamed:
                return JSONResponse(earlier["reply"], headers=again)
            events = b"".join(sse(name, data) for name, data in replayed(earlier["reply"]))
            return Response(events, media_type="text/event-stream", headers=STREAM_HEADERS | again)
        stop = Event()
        steps = _reply(bot, limits, session.session_id, body, stop, key)
        steps = once.remembered(steps) if once else steps
        first = await run_sync(next, steps)
        if streamed:
            told = _events(first, steps, stop, request_lang(request))
            return StreamingResponse(told, media_type="text/event-stream", headers=STREAM_HEADERS)
        return JSONResponse((await run_sync(_last, steps)).as_json())

    @router.post("/sessions/{session_id}/cancel", status_code=204, response_model=None)
    def cancel(session: Annotated[SessionRecord, Depends(authorized)]) -> Response:
        bot.cancel(session.session_id)
        return Response(status_code=204)

    @router.get("/sessions/{session_id}", response_model=None)
    def read_session(
        session: Annotated[SessionRecord, Depends(authorized)],
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        before: Annotated[str | None, Query(max_length=64)] = None,
    ) -> dict[str, Any]:
        messages = bot.store.messages(session.session_id, limit + 1, before)
        items = {s.turn_id: [i.item_id for i in s.impressions] for s in bot.store.slates(session.session_id)}
        shown = messages[-limit:]
        return {
            "session_id": session.session_id,
            "lang": session.lang,
            "turns": [_turn(message, items.get(message.turn_id, [])) for message in shown],
            "interest": view(bot.interest(session.session_id)),
            **({"before": shown[0].turn_id} if len(messages) > limit else {}),
        }

    @router.get("/sessions/{session_id}/interest", response_model=None)
    def read_interest(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        return view(bot.interest(session.session_id))

    @router.patch("/sessions/{session_id}/interest", response_model=None)
    def edit_interest(session: Annotated[SessionRecord, Depends(acting)], body: InterestEdit) -> dict[str, Any]:
        return view(bot.edit_interest(session.session_id, **body.model_dump()))

    @router.post("/sessions/{session_id}/feedback", status_code=201, response_model=None)
    def give_feedback(
        session: Annotated[SessionRecord, Depends(acting)], body: NewFeedback, key: Key = None
    ) -> dict[str, Any]:
        visible(body.item_id, sites.named(session.site))

        def keep() -> dict[str, Any]:
            kept = bot.feedback(session.session_id, body.item_id, body.kind, body.value, body.turn_id, key)
            return {"feedback_id": kept.feedback_id}

        once = Once.of(bot, session.session_id, key, "feedback", body.model_dump()) if key else None
        return at_once(once, keep)

    @router.get("/sessions/{session_id}/feedback", response_model=None)
    def list_feedback(
        session: Annotated[SessionRecord, Depends(authorized)],
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        after: Annotated[str | None, Query(max_length=64)] = None,
    ) -> dict[str, Any]:
        kept = [_feedback(record) for record in reversed(bot.store.feedback(session.session_id))]
        return _paged("feedback", kept, "feedback_id", limit, after)

    @router.post("/sessions/{session_id}/seen", status_code=204, response_model=None)
    def mark_seen(session: Annotated[SessionRecord, Depends(authorized)], body: Seen) -> Response:
        bot.store.mark_seen(session.session_id, body.slate_id, body.item_ids)
        return Response(status_code=204)

    @router.get("/sessions/{session_id}/slate", response_model=None)
    def read_slate(session: Annotated[SessionRecord, Depends(acting)]) -> dict[str, Any]:
        return bot.slate(session.session_id).as_json()

    @router.get("/sessions/{session_id}/why/{item_id:path}", response_model=None)
    def read_why(session: Annotated[SessionRecord, Depends(acting)], item_id: str) -> dict[str, Any]:
        visible(item_id, sites.named(session.site))
        return bot.why(session.session_id, item_id).as_json()

    @router.get("/sessions/{session_id}/export", response_model=None)
    def export_session(session: Annotated[SessionRecord, Depends(authorized)]) -> dict[str, Any]:
        return bot.store.export_session(session.session_id)

    @router.delete("/sessions/{session_id}", status_code=204, response_model=None)
    def delete_session(session: Annotated[SessionRecord, Depends(authorized)]) -> Response:
        bot.cancel(session.session_id)
        bot.store.delete_session(session.session_id)
        return Response(status_code=204)

    @router.get("/items", response_model=None)
    def list_items(
        request: Request,
        site: SiteName = "",
        domain: Annotated[str, Query(max_length=128)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[str | None, Query(max_length=128)] = None,
        lang: ReaderLang = None,
    ) -> dict[str, Any]:
        of = let_in(sites.named(site), request)
        found = [item for item in bot.items() if of.shows(item) and domain in ("", item.domain)]
        page = _paged("items", found, "id", limit, after)
        return page | {"items": [_told(item, lang, request) for item in page["items"]]}

    # An id may hold slashes, so the longer path is looked at first.
    @router.get("/items/{item_id:path}/similar", response_model=None)
    def read_similar(
        item_id: str,
        request: Request,
        site: SiteName = "",
        limit: Annotated[int | None, Query(ge=1, le=50)] = None,
        lang: ReaderLang = None,
    ) -> dict[str, Any]:
        of = let_in(sites.named(site), request)
        visible(item_id, of)
        return bot.similar(item_id, lang or request_lang(request), limit, of.domains, of.tags).as_json()

    @router.get("/items/{item_id:path}", response_model=None)
    def read_item(item_id: str, request: Request, site: SiteName = "", lang: ReaderLang = None) -> dict[str, Any]:
        return _told(visible(item_id, let_in(sites.named(site), request)), lang, request)

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


def _paged(name: str, found: Sequence[Any], id_name: str, limit: int, after: str | None) -> dict[str, Any]:
    """The page of `found` that follows the one with the id `after`; with where to go on, if there is more."""
    ids = [one[id_name] if isinstance(one, dict) else getattr(one, id_name) for one in found]
    if after is not None and after not in ids:
        raise NotFound(what=id_name, id=after)
    start = 0 if after is None else ids.index(after) + 1
    page = found[start : start + limit]
    return {name: list(page), **({"after": ids[start + limit - 1]} if start + limit < len(found) else {})}


def _told(item: Item, lang: Lang | None, request: Request) -> dict[str, Any]:
    """The item in the reader's language, as far as it has words in it; as it is held where none is asked for."""
    named = request.headers.get("accept-language", "*") not in ("", "*")
    reader = lang or (request_lang(request) if named else None)
    return (item.localized(reader) if reader else item).as_json()


def _feedback(record: FeedbackRecord) -> dict[str, Any]:
    return {
        "feedback_id": record.feedback_id,
        "item_id": record.item_id,
        "kind": record.kind,
        "value": record.value,
        "turn_id": record.turn_id,
        "undone": record.undone,
        "created_at": record.created_at.isoformat(),
    }


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


def _reply(
    bot: Bot, limits: Limits, session_id: str, body: NewMessage, stop: Event, key: str | None
) -> Generator[ReplyEvent, None, None]:
    """The reply, while there is a seat for it. Raises Busy before the first event."""
    with limits.seat():
        checked_text(body.text)
        if body.context is not None:
            bot.look_at(session_id, body.context.item_id)
        with closing(bot.reply(session_id, body.text, stop, key)) as steps:
            yield from steps


def _last(steps: Iterator[ReplyEvent]) -> Reply:
    for event in steps:
        if isinstance(event, Reply):
            return event
    raise InputError(field="text", zh_reason="没有得到回答", reason="there was no answer")
