"""A story as data: what is said and done, and what must then be seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import Lang

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `minimum` to `maximum`, both included; None is no limit."""

    minimum: float | None = None
    maximum: float | None = None

    def __contains__(self, number: float) -> bool:
        low = self.minimum is None or number >= self.minimum
        return low and (self.maximum is None or number <= self.maximum)


Scalar = str | float | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of an item and what it may be: one of some values, or a number within a range."""

    field: str
    allowed: tuple[Scalar, ...] | Range


Where = tuple[Condition, ...]
"""Conditions that must all hold for one item."""


@dataclass(frozen=True)
class Seen:
    """What a turn gave.

    `cards`: each item in the catalogue's own schema, in all of its languages, with `because`: the reasons' texts.
    `before`: ids shown in earlier answers. `text`: the opening and the lines. `intents`: how the message was heard
    and what the reply calls itself. `may_be_empty`: the turn's other expectations allow a slate without cards.
    """

    cards: tuple[Json, ...] = ()
    before: frozenset[str] = frozenset()
    text: str = ""
    unmet: tuple[str, ...] = ()
    asks: bool = False
    intents: frozenset[str] = frozenset()
    may_be_empty: bool = False


Check = Callable[[Seen], str]
"""Says why what was seen is not what was expected; empty if it is."""


@dataclass(frozen=True)
class Expectation:
    """One thing that must be seen. `key` and `value` as written in the file, `check` what they mean."""

    key: str
    value: Any
    check: Check


@dataclass(frozen=True)
class Expected:
    """All that a turn expects. `may_be_empty`: see `Seen`."""

    all: tuple[Expectation, ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True)
class Say:
    """The visitor says something."""

    text: str
    expected: Expected = Expected()


@dataclass(frozen=True)
class Feedback:
    """The visitor judges a card: the nth (from 1) of those last shown, or the one with this item id."""

    kind: str
    nth: int = 0
    item: str = ""
    value: float | None = None
    expected: Expected = Expected()


@dataclass(frozen=True)
class Visit:
    """The visitor comes anew: another session, with its opening slate."""

    expected: Expected = Expected()


Turn = Say | Feedback | Visit


@dataclass(frozen=True)
class Story:
    """One conversation. `domains`: what the session is bound to; `visitor`: who is signed in, if anybody.

    `file`: where it was read from.
    """

    name: str
    turns: tuple[Turn, ...]
    lang: Lang = "zh"
    capability: str = ""
    domains: tuple[str, ...] = ()
    visitor: str = ""
    file: str = ""
