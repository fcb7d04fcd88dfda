"""Whether a model is well, and when one that fails is to be left alone (a circuit breaker, Nygard 2007)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any, Literal

FAILURES = 3
"""Failures in a row after which a model is left alone."""
REST = 30.0
"""Seconds for which it is."""


@dataclass(frozen=True)
class Health:
    """How a language model does. `failures`: in a row, the first of them at `since`, the last for `reason`.

    Counted from the start: `asked`, how often it was asked for lines; `failed` and `slow`, how often it broke or did
    not write in time; `pieces` of text that it gave, about one a token.
    """

    state: Literal["ok", "none", "loading", "failing"]
    reason: str = ""
    since: datetime | None = None
    failures: int = 0
    asked: int = 0
    failed: int = 0
    slow: int = 0
    pieces: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the health routes: the state, and what is wrong if anything is."""
        told: dict[str, Any] = {"state": self.state}
        if self.reason:
            told["reason"] = self.reason
        if self.since is not None:
            told |= {"since": self.since.isoformat(), "failures": self.failures}
        return told


class Breaker:
    """Lets callers through to a model until it failed several times in a row; then, after a rest, one to try.

    Every caller that was let through must end with `succeeded`, `failed` or `left`. For any number of threads.
    `limit`: the failures in a row after which it acts.
    """

    def __init__(self, failures: int = FAILURES, rest: float = REST, clock: Callable[[], float] = monotonic) -> None:
        self.limit = failures
        self._rest = rest
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._since: datetime | None = None
        self._reason = ""
        self._until = 0.0
        self._trying = False

    def enter(self) -> bool:
        """Whether the model may be asked now."""
        with self._lock:
            if self._failures < self.limit:
                return True
            if self._trying or self._clock() < self._until:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        """The model wrote all that it was asked for."""
        with self._lock:
            self._failures, self._since, self._reason, self._trying = 0, None, "", False

    def failed(self, reason: str) -> None:
        """The model broke, or did not write in time."""
        with self._lock:
            self._failures += 1
            self._since = self._since or datetime.now(UTC)
            self._reason = reason
            self._until = self._clock() + self._rest
            self._trying = False

    def left(self) -> None:
        """The caller went away; nothing is known of the model."""
        with self._lock:
            self._trying = False

    @property
    def health(self) -> Health:
        """`failing` from the first failure to the next success."""
        with self._lock:
            state: Literal["ok", "failing"] = "failing" if self._failures else "ok"
            return Health(state, self._reason, self._since, self._failures)
