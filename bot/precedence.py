"""Slates before words: both want the same processors, and a visitor waits for the cards first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

AT_ONCE = 2
"""Slates that are made side by side: more of them only make each other late."""
LONGEST = 0.5
"""Seconds for which words hold still at most, so that a rush of visitors does not silence them."""


class Precedence:
    """Lets few slates be made at a time, in the order in which they were asked for, while words hold still."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """`at_once`: slates that are made side by side."""
        self._at_once = at_once
        self._changed = Condition()
        self._asked = 0
        self._done = 0

    @contextmanager
    def slate(self) -> Iterator[None]:
        """Wrapped around the making of a slate; waits for its turn."""
        with self._changed:
            number = self._asked
            self._asked += 1
            self._changed.wait_for(lambda: number < self._done + self._at_once)
        try:
            yield
        finally:
            with self._changed:
                self._done += 1
                self._changed.notify_all()

    def wait(self, seconds: float = LONGEST) -> None:
        """Returns when no slate is being made, or when so much time has passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._done == self._asked, seconds)
