"""How the console answers what goes wrong: a page with a clear sentence, or the way to the login."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from bot.web.review.pages import back_of, base_of, lang_of, page
from errors import LoggedOut, NotFound, TooMany, ZhiyinError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ShownRoute(APIRoute):
    """A route of pages: its errors are pages, too."""

    def get_route_handler(self) -> Handler:
        """The handler, with what it raises made into pages."""
        answer = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await answer(request)
            except LoggedOut:
                return RedirectResponse(f"{base_of(request)}/login?{urlencode({'back': back_of(request)})}", 303)
            except RequestValidationError:
                return refused(request, NotFound(what="page", id=request.url.path))
            except ZhiyinError as error:
                return refused(request, error)
            finally:
                await request.close()  # a form's files

        return shown


def refused(request: Request, error: ZhiyinError) -> Response:
    """The page of an error, with its status and, where that helps, when to come again."""
    answer = page(
        request, "error.html", None, status=error.status, said=error.say(lang_of(request)), code=error.code
    )  # fmt: skip
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.fields["seconds"])
    return answer
