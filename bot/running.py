"""The replies that are being written in this process: cut off one by one, or all brought to an end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Event
from time import monotonic

from errors import Stopping

CUT_OFF = 5.0
"""Seconds that a reply which was cut off has to be stored."""


class Running:
    """Stop signals by session. Safe to share between threads."""

    def __init__(self) -> None:
        self._stops: dict[str, Event] = {}
        self._all: set[Event] = set()
        self._changed = Condition()
        self.stopping = False
        """Whether no more replies begin."""

    @contextmanager
    def taking_over(self, session_id: str, stop: Event) -> Iterator[Event]:
        """The stop signal is that of the session meanwhile; a reply that is still running in it is cut off.

        Raises Stopping where no more replies begin.
        """
        with self._changed:
            if self.stopping:
                raise Stopping()
            self._all.add(stop)
            self.cancel(session_id)
            self._stops[session_id] = stop
        try:
            yield stop
        finally:
            with self._changed:
                self._all.discard(stop)
                if self._stops.get(session_id) is stop:
                    del self._stops[session_id]
                self._changed.notify_all()

    def cancel(self, session_id: str) -> None:
        """Cuts off the reply that is running in the session, if there is one."""
        if stop := self._stops.get(session_id):
            stop.set()

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._stops

    def __len__(self) -> int:
        return len(self._all)

    def close(self, seconds: float) -> int:
        """Lets no reply begin from here on, and waits until none runs; after `seconds` those left are cut off.

        Says how many were.
        """
        with self._changed:
            self.stopping = True
            self._until_none(seconds)
            left = len(self._all)
            for stop in self._all:
                stop.set()
            self._until_none(CUT_OFF)
            return left

    def _until_none(self, seconds: float) -> None:
        until = monotonic() + seconds
        while self._all and (left := until - monotonic()) > 0:
            self._changed.wait(left)
