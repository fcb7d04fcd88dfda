"""The sites that one app serves: whose pages may call it, what of the catalogue they show, how they greet."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.recommending.allowed import is_in_part
from bot.settings import Settings
from bot.web.texts import greeting
from errors import InputError, Lang, NotFound, WrongIdentity, WrongOrigin
from retrieval.items import Item


@dataclass(frozen=True)
class Site:
    """One site. `name` is empty for the app's own; `domains` and `tags`: the part of the catalogue, empty for all.

    `title`, `greeting`: by language, where set. `accent`: a CSS colour. `secret`: key of its visitors' identities.
    `rate_limit`: messages and feedback of all its visitors together, such as 600/minute; empty for none of its own.
    `notice`: on privacy, by language, where set.
    """

    name: str = ""
    origins: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    title: Mapping[str, str] = field(default_factory=dict)
    greeting: Mapping[str, str] = field(default_factory=dict)
    accent: str = ""
    secret: SecretStr = field(default_factory=lambda: SecretStr(""))
    identity_required: bool = False
    rate_limit: str = ""
    notice: Mapping[str, str] = field(default_factory=dict)

    @property
    def proves(self) -> bool:
        """Whether its visitors' identities come with a proof."""
        return bool(self.secret.get_secret_value())

    def visitor(self, visitor: str | None, proof: str | None) -> str | None:
        """The visitor's identity: where there is a secret, only with the right HMAC-SHA256 of it, in hex.

        Raises WrongIdentity for a wrong proof, and for a missing one where the site asks for identities.
        """
        if visitor is None:
            if self.identity_required:
                raise WrongIdentity()
            return None
        if self.proves:
            right = hmac.new(self.secret.get_secret_value().encode(), visitor.encode(), hashlib.sha256).hexdigest()
            if not hmac.compare_digest(right.encode(), (proof or "").lower().encode(errors="replace")):
                raise WrongIdentity()
        return visitor

    def shows(self, item: Item) -> bool:
        """Whether the item is in the site's part of the catalogue."""
        return is_in_part(item, self.domains, self.tags)

    def within(self, domains: Sequence[str]) -> tuple[str, ...]:
        """The domains asked for, as far as the site has them; the site's own where none are asked for.

        Raises InputError where the site has none of them.
        """
        if not domains or not self.domains:
            return tuple(domains or self.domains)
        both = tuple(name for name in domains if name in self.domains)
        if not both:
            allowed = ", ".join(self.domains)
            raise InputError(field="domains", zh_reason=f"这个站点只有 {allowed}", reason=f"this site has {allowed}")
        return both

    def welcome(self, lang: Lang) -> str:
        """What a visitor reads before the first message: the greeting, and the operator's privacy notice."""
        return " ".join(filter(None, (self.greeting.get(lang) or greeting(lang), self.notice.get(lang))))

    def told(self, lang: Lang) -> dict[str, Any]:
        """What the site's own pages are told of it: only what is set."""
        told = {
            "name": self.name,
            "title": self.title.get(lang),
            "greeting": self.greeting.get(lang) and self.welcome(lang),
            "accent": self.accent,
        }
        return {name: value for name, value in told.items() if value}


OWN_SITE = Site()


@dataclass(frozen=True)
class Sites:
    """All sites of the app, by name; the one without a name is the app's own."""

    by_name: Mapping[str, Site]

    @classmethod
    def of(cls, settings: Settings) -> Sites:
        """The sites that the settings name."""
        own = Site(
            origins=frozenset(settings.widget_origins),
            secret=settings.identity_secret,
            identity_required=settings.identity_required,
            notice=settings.privacy_notice,
        )
        named = {
            name: Site(
                name=name,
                origins=frozenset(given.origins),
                domains=given.domains,
                tags=given.tags,
                title=given.title,
                greeting=given.greeting,
                accent=given.accent,
                secret=given.identity_secret,
                identity_required=given.identity_required,
                rate_limit=given.rate_limit,
                notice=settings.privacy_notice,
            )
            for name, given in settings.sites.items()
        }
        return cls({"": own} | named)

    @property
    def origins(self) -> list[str]:
        """Every origin that may call, whatever it may do."""
        return sorted({origin for site in self.by_name.values() for origin in site.origins})

    def named(self, name: str) -> Site:
        """The site of that name. Raises NotFound."""
        if (site := self.by_name.get(name)) is None:
            raise NotFound(what="site", id=name)
        return site

    def check_origin(self, site: Site, origin: str | None, own: Iterable[str]) -> None:
        """Raises WrongOrigin where a browser on a page that is not the site's calls. `own`: the app's own origins.

        Other programs send no origin; what they may do, their token says.
        """
        if origin and origin not in site.origins and origin not in own:
            raise WrongOrigin(origin=origin)
