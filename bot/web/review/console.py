"""The pages of the console that show: the list, a conversation, the overview, the catalogue, agreement, the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from bot.loading import Loader
from bot.web.review import exporting, filters, overview
from bot.web.review.catalogue import duplicates
from bot.web.review.login import Reviewer, Reviewers
from bot.web.review.pages import HEADERS, THEME_COOKIE, base_of, lang_of, page, texts
from bot.web.review.routes import ShownRoute
from bot.web.review.statistics import kappa
from bot.web.review.stories import story_of
from bot.web.review.trying import WEIGHTS
from bot.web.review.turns import turns_of
from bot.web.visitor import LANG_COOKIE
from errors import InputError, NotFound, NotReady
from storage.reviewing.records import VERDICTS, WHOLE, Verdict
from storage.reviewing.reviews import Reviews

PAGE = 50
MOST_COUNTED = 1_000
TYPES = {"css": "text/css", "js": "text/javascript"}
EXPORTS = {
    "jsonl": ("conversations.jsonl", "application/x-ndjson"),
    "csv": ("conversations.csv", "text/csv"),
    "messages": ("messages.jsonl", "application/x-ndjson"),
    "training": ("training.jsonl", "application/x-ndjson"),
}


def console_router(reviews: Reviews, reviewers: Reviewers, loader: Loader, mask: exporting.Mask) -> APIRouter:
    """All pages that only show. Each asks who is there. `mask`: what exports pass their texts through."""
    router = APIRouter(include_in_schema=False, route_class=ShownRoute)
    there = Depends(reviewers.of)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        kind = name.rpartition(".")[2]
        if name not in ("review.css", "review.js"):
            raise NotFound(what="file", id=name)
        text = (files("bot.web.review") / "static" / name).read_text(encoding="utf-8")
        return Response(text, media_type=TYPES[kind], headers={"Cache-Control": "public, max-age=300"})

    @router.get("/look")
    def look(request: Request, back: str = "", lang: str = "", theme: str = "") -> Response:
        """Chooses language and light for this browser."""
        inside = back.startswith(base_of(request)) and "\\" not in back
        answer = RedirectResponse(back if inside else base_of(request), 303)
        for name, value, allowed in ((LANG_COOKIE, lang, ("zh", "en")), (THEME_COOKIE, theme, ("light", "dark"))):
            if value in allowed:
                answer.set_cookie(name, value, max_age=31_536_000, samesite="lax")
        return answer

    @router.get("")
    @router.get("/")
    def conversations(request: Request, reviewer: Reviewer = there) -> Response:
        asked = filters.read(request.query_params)
        found = reviews.page(asked.filter, PAGE, asked.before, asked.after)
        return page(
            request,
            "list.html",
            reviewer,
            here="conversations",
            asked=asked,
            found=found,
            count=None if asked.before or asked.after else reviews.count(asked.filter, MOST_COUNTED),
            most=MOST_COUNTED,
            choices=_choices(reviews),
            switches=filters.SWITCHES,
            saved=reviews.saved_filters(),
            exports=tuple(EXPORTS),
        )

    @router.get("/conversations/{number}")
    def conversation(number: int, request: Request, reviewer: Reviewer = there) -> Response:
        asked = filters.read(request.query_params)
        replay = reviews.replay(number)
        newer, older = reviews.neighbours(asked.filter, number)
        lang = lang_of(request)
        return page(
            request,
            "conversation.html",
            reviewer,
            here="conversations",
            asked=asked,
            replay=replay,
            turns=turns_of(replay, lang, texts(lang).by_name),
            newer=newer,
            older=older,
            verdicts=VERDICTS,
            whole=[one for one in replay.verdicts if one.turn_id == WHOLE],
            mine={one.turn_id: one.verdict for one in replay.verdicts if one.reviewer == reviewer.name},
            notes=[one for one in replay.notes if one.turn_id == WHOLE],
            known_tags=reviews.values("tag"),
            weights=_weights(loader),
        )

    @router.get("/conversations/{number}/story")
    def story(number: int, request: Request, reviewer: Reviewer = there) -> Response:
        text = story_of(reviews.replay(number))
        return page(
            request, "story.html", reviewer, here="conversations", number=number, story=text, outcomes=None, said=""
        )

    @router.get("/conversations/{number}/story.yaml")
    def story_file(number: int, reviewer: Reviewer = there) -> Response:
        text = story_of(reviews.replay(number))
        reviews.record(reviewer.name, "export story", f"#{number}")
        return Response(text, media_type="application/yaml", headers=_attached(f"conversation-{number}.yaml"))

    @router.get("/export/{kind}")
    def export(kind: str, request: Request, reviewer: Reviewer = there) -> Response:
        if kind not in EXPORTS:
            raise NotFound(what="export", id=kind)
        asked = filters.read(request.query_params)
        wanted = asked.filter
        if kind == "training":
            corrected = list(reviews.corrections(wanted))
            lines: Iterable[str] = exporting.sentences(corrected, mask)
            nothing = not corrected
        else:
            write = {"jsonl": exporting.jsonl, "csv": exporting.table, "messages": exporting.chats}[kind]
            lines = write(reviews.replays(wanted, exporting.MOST), mask)
            nothing = not reviews.count(wanted, 1)
        if nothing:
            raise InputError(
                field="export",
                zh_reason="筛选结果是空的，没有可导出的",
                reason="nothing is left to export by these filters",
            )
        reviews.record(reviewer.name, f"export {kind}", asked.query())
        name, media_type = EXPORTS[kind]
        return StreamingResponse(lines, media_type=f"{media_type}; charset=utf-8", headers=_attached(name))

    @router.get("/overview")
    def figures(request: Request, reviewer: Reviewer = there) -> Response:
        sides = overview.read_sides(request.query_params)
        counted = [reviews.figures(asked.filter) for asked in sides]
        lang = lang_of(request)
        drawn = overview.drawn(counted, texts(lang))
        return page(
            request, "overview.html", reviewer, here="overview", sides=sides, figures=counted, drawn=drawn,
            choices=_choices(reviews),
        )  # fmt: skip

    @router.get("/catalogue")
    def catalogue(
        request: Request, reviewer: Reviewer = there, q: str = "", which: str = "all", after: str = ""
    ) -> Response:
        if which not in ("all", "never", "disliked", "hidden", "twins"):
            raise InputError(
                field="which", zh_reason="没有这一类", reason="allowed: all, never, disliked, hidden, twins"
            )
        twins = duplicates(loader()) if which == "twins" else []
        found = [] if which == "twins" else reviews.items(q[:200], which, PAGE + 1, after[:128])
        return page(
            request, "catalogue.html", reviewer, here="catalogue", q=q, which=which, found=found[:PAGE],
            more=len(found) > PAGE and which != "disliked", twins=twins, report=None,
        )  # fmt: skip

    @router.get("/agreement")
    def agreement(request: Request, reviewer: Reviewer = there) -> Response:
        return page(
            request, "agreement.html", reviewer, here="agreement", pairs=_pairs(reviews.judged_by_several())
        )  # fmt: skip

    @router.get("/audit")
    def audit(request: Request, reviewer: Reviewer = there, before: int | None = None) -> Response:
        entries = reviews.audit(100, before)
        return page(request, "audit.html", reviewer, here="audit", entries=entries)

    return router


def _choices(reviews: Reviews) -> Mapping[str, tuple[str, ...]]:
    """What each filter can be set to, as far as the conversations have it."""
    held = {name: tuple(reviews.values(name)) for name in ("lang", "site", "domain", "feedback", "intent", "tag")}
    held["site"] = tuple(name or "-" for name in held["site"])
    return {**held, "state": filters.FIXED["state"], "verdict": VERDICTS}


def _weights(loader: Loader) -> dict[str, float]:
    try:
        weights = loader().recommender.weights
    except NotReady:
        return {}
    return {name: float(getattr(weights, name)) for name in WEIGHTS}


def _pairs(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """For each two reviewers: what both judged, how often they agree, Cohen's kappa, and where they differ."""
    by_what: dict[tuple[int, str], dict[str, str]] = {}
    for one in verdicts:
        by_what.setdefault((one.number, one.turn_id), {})[one.reviewer] = one.verdict
    both: dict[tuple[str, str], list[tuple[int, str, str, str]]] = {}
    for (number, turn_id), said in by_what.items():
        names = sorted(said)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                both.setdefault((first, second), []).append((number, turn_id, said[first], said[second]))
    return [
        {
            "first": first,
            "second": second,
            "n": len(rows),
            "agreed": sum(a == b for _, _, a, b in rows),
            "kappa": kappa([(a, b) for _, _, a, b in rows]),
            "table": {(x, y): sum((a, b) == (x, y) for _, _, a, b in rows) for x in VERDICTS for y in VERDICTS},
            "apart": [row for row in rows if row[2] != row[3]][:50],
        }
        for (first, second), rows in sorted(both.items())
    ]


def _attached(name: str) -> dict[str, str]:
    return {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
