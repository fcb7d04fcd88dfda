"""How much may be asked: by a visitor, from an address, of a site, and of everybody together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from threading import Lock
from time import time

from limits import RateLimitItem, parse
from limits.errors import StorageError as CounterError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bot.settings import Settings
from errors import Busy, TooMany
from storage.records import SessionRecord

log = logging.getLogger(__name__)

LOGINS = parse("5/minute")
"""Tries to log in that may come from one address."""
LOGINS_BY_NAME = parse("30/hour")
"""The same for one name, from wherever."""
BUSY_SECONDS = 2
"""When to come again where everybody together asks too much."""


class Limits:
    """The limits of one app. Safe to share between threads.

    Counted in `storage`: `memory://` counts this process alone; a server counts all replicas together. Where that
    server is away, nobody is refused.
    """

    def __init__(self, *, visitor: str, address: str, sites: Mapping[str, str], storage: str, seats: int) -> None:
        self._visitor, self._address = parse(visitor), parse(address)
        self._sites = {name: parse(rate) for name, rate in sites.items() if rate}
        self._counter = MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))
        self.seats = seats
        """How many are answered or wait at once."""
        self.taken = 0
        """How many seats are taken now."""
        self.refused: Counter[str] = Counter()
        """How many calls were refused since the start, by which limit."""
        self._lock = Lock()

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings name."""
        return cls(
            visitor=settings.rate_limit,
            address=settings.address_rate_limit,
            sites={name: site.rate_limit for name, site in settings.sites.items()},
            storage=settings.rate_storage,
            seats=settings.queue_size,
        )

    def call(self, address: str) -> None:
        """Counts a call of any kind. Raises TooMany."""
        self._count(self._address, "address", address)

    def act(self, session: SessionRecord, *, proved: bool) -> None:
        """Counts a message, feedback or an edit. Raises TooMany.

        `proved`: whether the session's visitor is known to be who the id says; then all their sessions count together.
        """
        visitor = ("visitor", session.site, session.visitor) if proved and session.visitor else ("session",)
        self._count(self._visitor, *visitor, *(() if proved and session.visitor else (session.session_id,)))
        if rate := self._sites.get(session.site):
            self._count(rate, "site", session.site)

    def try_login(self, address: str, name: str) -> None:
        """Counts a try to log in, by address and by name. Raises TooMany."""
        self._count(LOGINS, "login from", address)
        self._count(LOGINS_BY_NAME, "login as", name)

    def forgive_login(self, address: str, name: str) -> None:
        """The last try was right: the wrong ones before it count no more."""
        try:
            self._counter.clear(LOGINS, "login from", address)
            self._counter.clear(LOGINS_BY_NAME, "login as", name)
        except CounterError:
            log.exception("the tries to log in cannot be forgotten")

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A place among those that are being answered. Raises Busy where all are taken."""
        with self._lock:
            if self.taken >= self.seats:
                self.refused["seats"] += 1
                raise Busy(seconds=BUSY_SECONDS)
            self.taken += 1
        try:
            yield
        finally:
            with self._lock:
                self.taken -= 1

    def _count(self, rate: RateLimitItem, *who: str) -> None:
        try:
            if self._counter.hit(rate, *who):
                return
            free_at = self._counter.get_window_stats(rate, *who).reset_time
        except CounterError:
            log.exception("the rate limits cannot be counted; nobody is refused")
            return
        with self._lock:
            self.refused[who[0]] += 1
        raise TooMany(seconds=max(1, ceil(free_at - time())))
