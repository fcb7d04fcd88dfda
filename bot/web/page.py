"""The chat page at `/`: Gradio carries events and streams, `static/` draws them.

Texts from visitors, catalogue and model travel as JSON and become text nodes in the browser. Templates of the
HTML component are not used for them: it evaluates what it has rendered as a script.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from importlib.resources import files
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from fastapi import FastAPI
from starlette.routing import Mount

from bot.bot import TEXT_LIMIT, Bot, as_lang
from bot.loading import Loader
from bot.phrasing.outcomes import MISSED
from bot.reply import Delta, Slate
from bot.understanding.language import language
from bot.web.cards import card_json, edited_turn, pressed, stored_turns, turn_json
from bot.web.guard import Guard
from bot.web.heard import heard_json
from bot.web.limits import Limits
from bot.web.reasons import why_json
from bot.web.suggestions import Suggestions
from bot.web.texts import greeting
from bot.web.visitor import page_lang, visitor_router, visitor_session
from errors import Lang, NotFound, Unauthorized, ZhiyinError
from storage.records import SessionRecord

log = logging.getLogger(__name__)

VISITORS_AT_ONCE = 16
PRESSES = frozenset({"like", "dislike", "click"})
EDITS = frozenset({"remove", "pin", "unpin", "weaken"})
SCRIPTS = ("draw.js", "layout.js", "drift.js", "popover.js", "panel.js", "why.js", "page.js")
STYLES = ("page.css", "panel.css", "why.css")
CARRIER = "watch('value', () => document.dispatchEvent(new CustomEvent('zhiyin:%s', {detail: props.value})))"
"""Hands a hidden component's value on to the page's script."""


class ChatPage:
    """What the page's events do. Each finds its session by the request's cookie; nothing is kept here."""

    def __init__(
        self, bot: Bot, suggestions: Suggestions, limits: Limits, welcome: Callable[[Lang], str] = greeting
    ) -> None:
        self._welcome = welcome
        self._bot = bot
        self._suggestions = suggestions
        self._limits = limits

    def visit(self, request: gr.Request) -> dict[str, Any]:
        """The conversation as it stands, for a page that has just opened."""
        lang = asked(request)
        try:
            session = self._session(request)
            return {
                "session_id": session.session_id,
                "lang": lang,
                "greeting": self._welcome(lang),
                "suggestions": self._suggestions(lang),
                "turns": stored_turns(self._bot, session.session_id, lang),
                **self._felt(session.session_id, lang),
            }
        except ZhiyinError as error:
            return {"lang": lang, "error": error.say(lang)}

    def say(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, Any]]:
        """Answers a message: (turn, what was felt), first with the cards, then with each piece of words."""
        key, text = given(event, "key"), given(event, "text")
        try:
            session = self._acting(request, given(event, "session_id"))
            with self._limits.seat():
                yield from self._answer(session, key, text, asked(request))
        except (Unauthorized, NotFound) as gone:
            yield turn_json(key, text, "gone", error=gone.say(asked(request))), gr.skip()
        except ZhiyinError as error:
            log.warning("a message could not be answered: %s", error, exc_info=error)
            yield turn_json(key, text, "done", error=error.say(asked(request))), gr.skip()

    def press(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Keeps what the visitor pressed on a card that was shown to them; a second press takes it back."""
        item_id, kind = given(event, "item_id"), given(event, "kind")
        try:
            session = self._acting(request, given(event, "session_id"))
            self._keep(session.session_id, item_id, kind)
            return self._felt(session.session_id, asked(request))
        except ZhiyinError as error:
            return {"error": error.say(asked(request))}

    def edit(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, Any]]:
        """Changes the interest by the visitor's own hand: what was felt, then a slate for what it is now."""
        act, label, lang = given(event, "act"), given(event, "label"), asked(request)
        try:
            session = self._acting(request, given(event, "session_id"))
            if act not in EDITS:
                raise NotFound(what="act", id=act)
            self._bot.edit_interest(session.session_id, **{act: (label,)})
            yield gr.skip(), self._felt(session.session_id, lang)
            yield edited_turn(self._bot.slate(session.session_id), lang), gr.skip()
        except ZhiyinError as error:
            yield gr.skip(), {"error": error.say(lang)}

    def why(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Why an item is on a card of the visitor's, and which of their messages it came from."""
        item_id, key, lang = given(event, "item_id"), given(event, "key"), asked(request)
        try:
            session_id = self._session(request, given(event, "session_id")).session_id
            why = self._bot.why(session_id, item_id)
            return {**why_json(why, self._bot.store.messages(session_id), lang), "key": key}
        except ZhiyinError as error:
            return {"item_id": item_id, "key": key, "error": error.say(lang)}

    def _answer(self, session: SessionRecord, key: str, text: str, lang: Lang) -> Iterator[tuple[Any, Any]]:
        cards: list[dict[str, Any]] = []
        slate = Slate("")
        words: dict[str, str] = {}
        events = self._bot.reply(session.session_id, text)
        assert isinstance(events, Generator)
        with closing(events):
            for event in events:
                felt: Any = gr.skip()
                state, brief = "pending", False
                if isinstance(event, Slate):
                    slate = event
                    spoken = language(text, as_lang(session.lang))
                    cards = [card_json(card, spoken) for card in slate.cards]
                    felt = self._felt(session.session_id, lang)
                elif isinstance(event, Delta):
                    words[event.part] = words.get(event.part, "") + event.text
                else:
                    state = "done" if event.complete else "stopped"
                    brief = event.words_reason in MISSED
                answer = turn_json(
                    key, text, state, cards=cards, unmet=slate.unmet, words=words, question=slate.question, brief=brief
                )
                yield answer, felt

    def _keep(self, session_id: str, item_id: str, kind: str) -> None:
        slates = self._bot.store.slates(session_id)
        shown = {card.item_id: slate.turn_id for slate in slates for card in slate.impressions}
        if kind not in PRESSES or item_id not in shown:
            raise NotFound(what="item", id=item_id)
        before = pressed(self._bot.store.feedback(session_id)).get(item_id)
        if kind != "click":
            self._take_back(session_id, item_id)
        if kind != before:
            self._bot.feedback(session_id, item_id, kind, turn_id=shown[item_id])

    def _take_back(self, session_id: str, item_id: str) -> None:
        """Undoes acts on the item, the last first, until no verdict stands."""
        while item_id in pressed(self._bot.store.feedback(session_id)):
            self._bot.feedback(session_id, item_id, "undo")

    def _felt(self, session_id: str, lang: Lang) -> dict[str, Any]:
        interest, messages = self._bot.interest(session_id), self._bot.store.messages(session_id)
        return {
            "interest": heard_json(interest, messages, self._bot.item, lang),
            "pressed": pressed(self._bot.store.feedback(session_id)),
        }

    def _acting(self, request: gr.Request, shown: str) -> SessionRecord:
        """The cookie's session, for something that counts. Raises TooMany."""
        session = self._session(request, shown)
        self._limits.act(session, proved=False)
        return session

    def _session(self, request: gr.Request, shown: str = "") -> SessionRecord:
        """The cookie's session; Unauthorized where the page shows another one (left open in a second tab)."""
        session = visitor_session(self._bot.store, request.cookies)
        if shown and shown != session.session_id:
            raise Unauthorized()
        return session


def given(event: gr.EventData, name: str) -> str:
    """A text that the page's script sent with an event; empty where it sent none."""
    sent = event._data
    value = sent.get(name) if isinstance(sent, dict) else None
    return value if isinstance(value, str) else ""


def asked(request: gr.Request) -> Lang:
    """The language in which the page speaks to this visitor."""
    return page_lang(request.cookies, request.headers.get("accept-language"))


def broken() -> dict[str, str]:
    """Tells the page that what it waits for will not come."""
    return {"state": "broken"}


def static(name: str) -> str:
    """A file of the page."""
    return (files("bot.web") / "static" / name).read_text(encoding="utf-8")


def build_page(page: ChatPage) -> gr.Blocks:
    """The Gradio app: one visible component, and hidden ones that carry what its events answer."""
    demo: gr.Blocks = gr.Blocks(title="知音 Zhiyin", analytics_enabled=False, fill_width=True)
    with demo:
        shell = gr.HTML(
            html_template=static("page.html"),
            js_on_load="".join(map(static, SCRIPTS)),
            apply_default_css=False,
            elem_id="zhiyin",
            labels=json.loads(static("labels.json")),
            glyphs=json.loads(static("glyphs.json")),
            limit=TEXT_LIMIT,
        )
        visited, turn, felt, why = (
            gr.HTML(value={}, html_template="", js_on_load=CARRIER % name, visible="hidden")
            for name in ("visited", "turn", "felt", "why")
        )
        how: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "trigger_mode": "multiple",
            "concurrency_limit": VISITORS_AT_ONCE,
        }
        shell.visit(page.visit, None, visited, **how)
        said = shell.say(page.say, None, [turn, felt], **how)
        said.failure(broken, None, turn, api_visibility="private", show_progress="hidden")
        shell.press(page.press, None, felt, **how)
        shell.why(page.why, None, why, **how)
        shell.edit(page.edit, None, [turn, felt], **how)
    demo.queue(default_concurrency_limit=VISITORS_AT_ONCE)
    return demo


def mount_page(
    app: FastAPI,
    bot: Bot,
    loader: Loader,
    suggestions: Suggestions,
    limits: Limits,
    welcome: Callable[[Lang], str] = greeting,
) -> None:
    """Adds the page at `/` and what belongs to it. Must come last: it takes every path left over."""
    app.include_router(visitor_router(bot, loader))
    gr.mount_gradio_app(
        app,
        build_page(ChatPage(bot, suggestions, limits, welcome)),
        path="/",
        theme=gr.themes.Base(font=["system-ui"], font_mono=["monospace"]),
        head=f"<style>{''.join(map(static, STYLES))}</style><script>{static('head.js')}</script>",
        favicon_path=str(files("bot.web") / "static" / "icon.svg"),
        footer_links=[],
        run_history=False,
        show_error=False,
    )
    mounted = app.routes[-1]
    assert isinstance(mounted, Mount)
    mounted.app = Guard(mounted.app)
