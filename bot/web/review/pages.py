"""Draws the console's pages: templates filled in the reviewer's language, under a policy without inline scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.web.review.login import Reviewer
from bot.web.visitor import page_lang
from errors import Lang

THEME_COOKIE = "zhiyin_theme"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
NAV = ("conversations", "overview", "catalogue", "agreement", "audit")


@dataclass(frozen=True)
class Texts:
    """The console's own texts in one language. A text that is missing is a mistake of ours, and told so."""

    lang: Lang
    by_name: Mapping[str, str]

    def __call__(self, name: str, **filled: Any) -> str:
        """The text of that name, its gaps filled."""
        return self.by_name[name].format_map(filled) if filled else self.by_name[name]

    def value(self, kind: str, value: str) -> str:
        """What a value is called: `feedback.like`, else as it is."""
        return self.by_name.get(f"{kind}.{value}", value)


@cache
def texts(lang: Lang) -> Texts:
    """All texts of a language."""
    every = json.loads((files("bot.web.review") / "texts.json").read_text(encoding="utf-8"))
    return Texts(lang, {name: pair[0 if lang == "zh" else 1] for name, pair in every.items()})


@cache
def _templates() -> Environment:
    drawn = Environment(
        loader=PackageLoader("bot.web.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn.filters["when"] = when
    drawn.filters["ms"] = milliseconds
    return drawn


def page(
    request: Request, template: str, reviewer: Reviewer | None, *, status: int = 200, here: str = "", **filled: Any
) -> HTMLResponse:
    """A page. `here`: the part of the console that it belongs to."""
    lang = lang_of(request)
    theme = request.cookies.get(THEME_COOKIE, "")
    drawn = (
        _templates()
        .get_template(template)
        .render(
            t=texts(lang),
            lang=lang,
            theme=theme if theme in ("light", "dark") else "",
            base=base_of(request),
            home=request.scope.get("root_path", "") or "/",
            reviewer=reviewer,
            edits=reviewer is not None and reviewer.edits,
            here=here,
            nav=NAV,
            back=back_of(request),
            **filled,
        )
    )
    return HTMLResponse(drawn, status, headers=HEADERS)


def lang_of(request: Request) -> Lang:
    """The language of the reviewer: the one chosen, else the browser's."""
    return page_lang(request.cookies, request.headers.get("accept-language"))


def base_of(request: Request) -> str:
    """The console's address, wherever a proxy shows the app."""
    return f"{request.scope.get('root_path', '')}/review"


def back_of(request: Request) -> str:
    """The address of this page, for a form to come back to."""
    path = request.url.path
    query = f"?{request.url.query}" if request.url.query else ""
    return path + query if request.method in ("GET", "HEAD") else base_of(request)


def when(at: datetime) -> str:
    """A time as the console writes it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M}"


def milliseconds(value: float) -> str:
    """A duration as a person reads it."""
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
