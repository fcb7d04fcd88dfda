"""Who may review: by a password from the settings, or a trusted proxy's word; then a signed cookie says who it is."""

from __future__ import annotations

import hashlib
import hmac
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import time
from typing import Literal

from fastapi import Request

from bot.settings import Settings
from bot.web.limits import Limits
from errors import Forbidden, LoggedOut, WrongPassword

log = logging.getLogger(__name__)

Role = Literal["reader", "editor"]
COOKIE = "zhiyin_review"
KEPT_SECONDS = 12 * 3_600
ONLY = "reviewer"
"""The name of whoever uses the one password."""


@dataclass(frozen=True)
class Reviewer:
    """Somebody who may look, and as an editor also change."""

    name: str
    role: Role

    @property
    def edits(self) -> bool:
        """Whether they may change anything."""
        return self.role == "editor"


class Reviewers:
    """All who may review. Keeps nothing of a login: the cookie says who it is, and any replica can read it.

    `key`: gives what signs the cookies; asked at the first need.
    """

    def __init__(self, settings: Settings, limits: Limits, key: Callable[[], str]) -> None:
        self._limits = limits
        self._make_key = key
        self._header = settings.review_header
        self._roles: dict[str, Role] = {name: one.role for name, one in settings.reviewers.items()}
        self._passwords = {name: one.password.get_secret_value() for name, one in settings.reviewers.items()}
        if only := settings.review_password.get_secret_value():
            self._passwords.setdefault(ONLY, only)
            self._roles.setdefault(ONLY, "editor")
        self._passwords = {name: password for name, password in self._passwords.items() if password}

    @property
    def on(self) -> bool:
        """Whether anybody may review at all."""
        return bool(self._passwords or self._header)

    @property
    def named(self) -> bool:
        """Whether a login needs a name beside the password."""
        return list(self._passwords) != [ONLY]

    @property
    def by_password(self) -> bool:
        """Whether there are passwords; else only the proxy knows who it is."""
        return bool(self._passwords)

    def login(self, name: str, password: str, address: str) -> str:
        """The cookie for a right password. Raises WrongPassword; TooMany after some wrong ones."""
        name = name.strip() if self.named else ONLY
        self._limits.try_login(address, name)
        right = self._passwords.get(name)
        # A name that nobody has takes as long as a wrong password.
        same = hmac.compare_digest(_digest(password), _digest(right if right is not None else "\0"))
        if right is None or not same:
            log.warning("a wrong password for the review console, from %s", address)
            raise WrongPassword()
        self._limits.forgive_login(address, name)
        said = f"{urlsafe_b64encode(name.encode()).decode()}.{int(time()) + KEPT_SECONDS}"
        return f"{said}.{self._sign(said, right)}"

    def of(self, request: Request) -> Reviewer:
        """Who is asking. Raises LoggedOut where nobody is known."""
        if self._header and (name := request.headers.get(self._header, "").strip()[:64]):
            return Reviewer(name, self._roles.get(name, "reader"))
        if name := self._named(request.cookies):
            return Reviewer(name, self._roles[name])
        raise LoggedOut()

    def editor(self, request: Request) -> Reviewer:
        """Who is asking, if they may change things. Raises LoggedOut, Forbidden."""
        reviewer = self.of(request)
        if not reviewer.edits:
            raise Forbidden(name=reviewer.name)
        return reviewer

    def _named(self, cookies: Mapping[str, str]) -> str:
        encoded, _, rest = cookies.get(COOKIE, "").partition(".")
        until, _, signature = rest.partition(".")
        try:
            name = urlsafe_b64decode(encoded).decode()
        except ValueError:
            return ""
        password = self._passwords.get(name)
        if password is None or not until.isascii() or not until.isdigit() or int(until) < time():
            return ""
        right = self._sign(f"{encoded}.{until}", password)
        return name if hmac.compare_digest(right.encode(), signature.encode()) else ""

    def _sign(self, said: str, password: str) -> str:
        """A changed password makes its cookies worthless."""
        return hmac.new(self._key + _digest(password), said.encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _key(self) -> bytes:
        return self._make_key().encode()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
