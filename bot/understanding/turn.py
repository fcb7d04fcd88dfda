"""What was heard in one message, as data. Every part knows the characters it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from errors import Lang

Op = Literal["<=", "<", ">=", ">", "==", "~", "low", "high", "is"]
"""How a limit compares. "~": around; "low", "high": leans to that end and excludes nothing; "is": one of texts."""


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
    RETURN = "return"
    """Back to an earlier interest."""
    ABOUT = "about"
    """A question about an item."""
    COMPARE = "compare"
    OUT_OF_SCOPE = "out_of_scope"
    """A task or a topic that no catalogue answers; also abuse and instructions to the bot."""
    CARE = "care"
    """A remark of distress or of illness: care first, no claims."""


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
    """A hard limit. `text`: as the visitor said it.

    `field`: price, year, category, brand or attributes.NAME. `value`: the number; `values`: for "is", the folded
    values of the field of which an item must have one.
    """

    field: str
    op: Op
    value: float
    text: str
    start: int = 0
    end: int = 0
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An item, or a creator's items, spoken of. `item_ids`: which, the likeliest first.

    `kind`: "shown" (the second one, that pair of jeans), "title" or "creator". `role`: "this" (the thing itself) or
    "similar" (something like it, and not it). `sentiment`: what was said of it, 0 for nothing.
    """

    text: str
    start: int
    end: int
    item_ids: tuple[str, ...]
    kind: Literal["shown", "title", "creator"] = "title"
    role: Literal["this", "similar"] = "this"
    sentiment: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the bot's with answers to tap. `field`: what it asks about, as in `Facet`.

    Each answer is a whole message that the visitor could also type.
    """

    field: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a message may refer to.

    `slate`: item ids of the last slate, in its order. `shown`: all ids shown so far, in order. `focus`: what was last
    spoken of. `question`: what the bot asked in its last reply. `domain`: where the talk is.
    """

    slate: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()
    question: Question | None = None
    domain: str = ""


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
    references: tuple[Reference, ...] = ()
    asked: tuple[str, ...] = ()
    """Fields that an ABOUT or COMPARE asks for ("price", "attributes.material"); none: in general."""
    less: tuple[Term, ...] = ()
    """Words that the visitor wants less of (没那么喜欢, not too scary): no refusals, for nothing is shut out."""
    only: bool = False
    """Said of one of several wishes, to the exclusion of the others (just the jacket now)."""
    certain: bool = True
    """Whether the intent follows from exact rules; where not, the trained head has the last word."""
