"""What the console does: login, and all that an editor changes. An act comes as a form and goes back to its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from bot.bot import Bot
from bot.loading import Loader
from bot.web.review.catalogue import take_in
from bot.web.review.examples import example_of
from bot.web.review.login import COOKIE, KEPT_SECONDS, Reviewers
from bot.web.review.pages import base_of, lang_of, page
from bot.web.review.routes import ShownRoute
from bot.web.review.stories import played
from bot.web.review.trying import WEIGHTS, again, read_weights, with_weights
from errors import InputError, NotFound, StoryError, TooMany, WrongPassword
from storage.reviewing.reviews import Reviews

SUFFIXES = (".jsonl", ".csv", ".json")
MOST_ERRORS = 100


def acts_router(bot: Bot, reviews: Reviews, reviewers: Reviewers, loader: Loader) -> APIRouter:
    """All that changes something, or takes long enough to be asked for by a form."""
    router = APIRouter(include_in_schema=False, route_class=ShownRoute)

    @router.get("/login")
    def login_page(request: Request, back: str = "") -> Response:
        return _login(request, back, "")

    @router.post("/login")
    async def login(request: Request) -> Response:
        form = await request.form()
        back, address = _text(form, "back"), request.client.host if request.client else ""
        try:
            cookie = await run_in_threadpool(reviewers.login, _text(form, "name"), _text(form, "password"), address)
        except (WrongPassword, TooMany) as error:
            answer = _login(request, back, error.say(lang_of(request)), error.status)
            if isinstance(error, TooMany):
                answer.headers["Retry-After"] = str(error.fields["seconds"])
            return answer
        name = _text(form, "name").strip() if reviewers.named else "reviewer"
        await run_in_threadpool(reviews.record, name, "login")
        answer = RedirectResponse(_inside(request, back), 303)
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=KEPT_SECONDS,
            path=base_of(request),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    def _login(request: Request, back: str, said: str, status: int = 200) -> Response:
        return page(
            request, "login.html", None, status=status, on=reviewers.on, by_password=reviewers.by_password,
            back_to=back, said=said, named=reviewers.named,
        )  # fmt: skip

    @router.post("/logout")
    def logout(request: Request) -> Response:
        answer = RedirectResponse(f"{base_of(request)}/login", 303)
        answer.delete_cookie(COOKIE, path=base_of(request))
        return answer

    @router.post("/conversations/{number}/again")
    async def once_more(number: int, request: Request) -> Response:
        reviewer, form = reviewers.of(request), await request.form()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        weights = read_weights(fields)
        edits = {name.removeprefix("say."): value for name, value in fields.items() if name.startswith("say.")}
        replay = await run_in_threadpool(reviews.replay, number)
        mind = with_weights(loader(), weights)
        told = await run_in_threadpool(again, mind, replay, edits)
        return page(
            request, "again.html", reviewer, here="conversations", number=number, turns=told,
            weights={name: float(getattr(mind.recommender.weights, name)) for name in WEIGHTS},
        )  # fmt: skip

    @router.post("/conversations/{number}/story")
    async def play_story(number: int, request: Request) -> Response:
        reviewer, form = reviewers.of(request), await request.form()
        text, said, outcomes = _text(form, "story"), "", None
        try:
            outcomes = await run_in_threadpool(played, loader(), text)
        except (StoryError, InputError) as error:
            said = error.say(lang_of(request))
        return page(
            request, "story.html", reviewer, here="conversations", number=number, story=text, outcomes=outcomes,
            said=said, status=422 if said else 200,
        )  # fmt: skip

    @router.post("/conversations/{number}/{act}")
    async def act(number: int, act: str, request: Request) -> Response:
        reviewer, form = reviewers.editor(request), await request.form()
        turn_id = _text(form, "turn_id")

        def correct() -> None:
            part, line = _text(form, "part"), _text(form, "line")
            example = example_of(reviews.replay(number), turn_id, part, line)
            reviews.correct(number, turn_id, part, example["line"], example, reviewer.name)

        item_id, name = _text(form, "item_id"), _text(form, "tag")
        acts: dict[str, Callable[[], None]] = {
            "tag": lambda: reviews.tag(number, name, reviewer.name),
            "untag": lambda: reviews.tag(number, name, reviewer.name, on=False),
            "note": lambda: reviews.note(number, _text(form, "text"), reviewer.name, turn_id),
            "unnote": lambda: reviews.remove_note(number, _whole(form, "note"), reviewer.name),
            "verdict": lambda: reviews.judge(number, _text(form, "verdict"), reviewer.name, turn_id),
            "correct": correct,
            "right": lambda: reviews.set_right(number, turn_id, item_id, reviewer.name),
            "unright": lambda: reviews.set_right(number, turn_id, item_id, reviewer.name, on=False),
        }
        if act not in acts:
            raise NotFound(what="act", id=act)
        await run_in_threadpool(acts[act])
        return _back(request, form, turn_id)

    @router.post("/items/{act}")
    async def item(act: str, request: Request) -> Response:
        reviewer, form = reviewers.editor(request), await request.form()
        if act not in ("hide", "show"):
            raise NotFound(what="act", id=act)
        await run_in_threadpool(reviews.hide, _text(form, "item_id"), reviewer.name, on=act == "hide")
        return _back(request, form, _text(form, "turn_id"))

    @router.post("/filters")
    async def save_filter(request: Request) -> Response:
        reviewer, form = reviewers.editor(request), await request.form()
        name, query = _text(form, "name"), _text(form, "query")
        await run_in_threadpool(reviews.save_filter, name, query, reviewer.name)
        query = query and f"?{query}"
        return RedirectResponse(f"{base_of(request)}{query}", 303)

    @router.post("/catalogue/import")
    async def upload(request: Request) -> Response:
        reviewer, form = reviewers.editor(request), await request.form()
        file, dry_run = form.get("file"), _text(form, "dry_run") == "yes"
        if not isinstance(file, UploadFile) or not file.filename:
            raise InputError(field="file", zh_reason="请选一个文件", reason="please choose a file")
        name = file.filename
        if not name.lower().endswith(SUFFIXES):
            allowed = ", ".join(SUFFIXES)
            raise InputError(field="file", zh_reason=f"只收 {allowed} 文件", reason=f"allowed: {allowed}")

        def take() -> Response:
            with TemporaryDirectory(prefix="zhiyin-upload-") as folder:
                suffix = ".csv" if name.lower().endswith(".csv") else ".jsonl"
                path = Path(folder) / f"upload{suffix}"
                with path.open("wb") as out:
                    while chunk := file.file.read(1 << 20):
                        out.write(chunk)
                report = take_in(path, bot.store, dry_run=dry_run)
            if not dry_run:
                reviews.record(reviewer.name, "import", f"{report.new} new, {report.changed} changed")
            found = reviews.items("", "all", 50)
            return page(
                request, "catalogue.html", reviewer, here="catalogue", q="", which="all", found=found, more=False,
                twins=[], report=report, dry_run=dry_run, file_name=name, most_errors=MOST_ERRORS,
            )  # fmt: skip

        return await run_in_threadpool(take)

    return router


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _whole(form: FormData, name: str) -> int:
    text = _text(form, name)
    if not (text.isascii() and text.isdigit()):
        raise InputError(field=name, zh_reason="应是编号", reason="a number")
    return int(text)


def _inside(request: Request, address: str) -> str:
    """The address if it is within the console, else the console's own; nobody is sent elsewhere."""
    base, parts = base_of(request), urlsplit(address)
    inside = not parts.scheme and not parts.netloc and (parts.path == base or parts.path.startswith(base + "/"))
    return address if inside and "\\" not in address and "\n" not in address else base


def _back(request: Request, form: FormData, turn_id: str) -> Response:
    address = _inside(request, _text(form, "back")).partition("#")[0]
    return RedirectResponse(f"{address}#t-{turn_id}" if turn_id else address, 303)
