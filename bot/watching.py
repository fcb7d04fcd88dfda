"""What a bot tells those who watch it. Figures and spans are made of it; no conversation hangs on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter, time
from typing import Protocol

from bot.phrasing.outcomes import Outcome
from bot.reply import Reply

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lap:
    """A stage of a turn. `began`: seconds since 1970; `seconds`: how long it took."""

    stage: str
    began: float
    seconds: float


@dataclass(frozen=True)
class Turned:
    """A turn that is over. `said`: what the visitor said; `model`: who was to write, empty for nobody.

    `outcomes`: how its lines came about.
    """

    session_id: str
    said: str
    lang: str
    reply: Reply
    laps: tuple[Lap, ...]
    model: str
    outcomes: tuple[Outcome, ...]


class Watcher(Protocol):
    """Is told of what happens, in the thread in which it happens; must be quick."""

    def turned(self, turn: Turned) -> None:
        """A turn is over, whether or not its words were cut off."""

    def felt(self, kind: str) -> None:
        """Feedback was kept."""


class Stopwatch:
    """The laps of a turn."""

    def __init__(self) -> None:
        self.laps: list[Lap] = []
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to this stage."""
        now = perf_counter()
        took = now - self._last
        self.laps.append(Lap(stage, time() - took, took))
        self._last = now

    @property
    def timings(self) -> dict[str, float]:
        """Milliseconds by stage, all its laps together."""
        told: dict[str, float] = {}
        for lap in self.laps:
            told[lap.stage] = told.get(lap.stage, 0.0) + lap.seconds * 1000
        return told


class Watchers:
    """Those who watch, as one. What goes wrong with one of them is theirs, not the visitor's."""

    def __init__(self, watchers: Iterable[Watcher] = ()) -> None:
        self._all = list(watchers)

    def add(self, watcher: Watcher) -> None:
        """One more is told from here on."""
        self._all.append(watcher)

    def turned(self, turn: Turned) -> None:
        """Tells all of a turn."""
        self._tell(lambda watcher: watcher.turned(turn))

    def felt(self, kind: str) -> None:
        """Tells all of feedback."""
        self._tell(lambda watcher: watcher.felt(kind))

    def _tell(self, how: Callable[[Watcher], None]) -> None:
        for watcher in self._all:
            try:
                how(watcher)
            except Exception:
                log.exception("%s could not be told", type(watcher).__name__)
