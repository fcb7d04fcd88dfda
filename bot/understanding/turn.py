"""What was heard in one message, as data. Every part knows the characters it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from errors import Lang

Op = Literal["<=", ">=", "==", "~", "low"]
"""How a limit compares; "~" means "around", "low" leans to the cheap end without excluding anything."""


class Intent(StrEnum):
    """What the visitor wants of this turn."""

    ASK = "ask"
    REFINE = "refine"
    REJECT = "reject"
    MORE = "more"
    ANYTHING = "anything"
    SMALL_TALK = "small_talk"
    THANKS = "thanks"
    START_OVER = "start_over"


class Facet(NamedTuple):
    """A value of the catalogue: field (domain, category, brand, tags, attributes.NAME) and folded value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase that matters. `facets`: what it means in the catalogue (may be nothing).

    `sentiment`: -1 (refused) … +1 (loved) for this very word.
    """

    text: str
    norm: str
    start: int
    end: int
    sentiment: float = 0.5
    facets: tuple[Facet, ...] = ()
    domains: frozenset[str] = frozenset()
    """Domains with anything about it; empty for a word that the catalogue does not know."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing wished for: the clause as written, its terms and, where said, its domain."""

    text: str
    start: int
    end: int
    terms: tuple[Term, ...]
    domain: str = ""
    sentiment: float = 0.5


@dataclass(frozen=True, slots=True)
class Constraint:
    """A hard limit on a number: price or year. `text`: as the visitor said it."""

    field: str
    op: Op
    value: float
    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Turn:
    """A message, understood."""

    text: str
    lang: Lang
    intent: Intent
    wishes: tuple[Wish, ...] = ()
    refusals: tuple[Term, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    lifted: frozenset[str] = field(default_factory=frozenset)
    """Fields whose earlier limits the visitor took back ("price", "refusals")."""
    additive: bool = False
    """Said as an addition ("also", 还要) rather than instead of what went before."""
    keywords: tuple[str, ...] = ()
    sentiment: float = 0.0
