"""What a line is to be written from, as data."""

from __future__ import annotations

from dataclasses import dataclass

from errors import Lang
from retrieval.items import Item

OPENING = "opening"
"""The part name of the words above the cards; every other part is an item's id."""

INTENTS = frozenset(
    {"recommend", "refine", "reject", "more", "shift", "liked", "anything", "bridge", "unmet", "nothing"}
    | {"greeting", "thanks", "small_talk"}
)
"""Situations of an opening that the model knows."""


@dataclass(frozen=True)
class ItemLine:
    """One line on one item. `item` is already in the visitor's language.

    `fits`: the words of the wish that this item truly meets; `reasons`: the parts of its score that speak for it
    beside those words, in the visitor's language. Both may be empty.
    """

    lang: Lang
    wish: str
    fits: tuple[str, ...]
    item: Item
    reasons: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The name under which the line is streamed: the item's id."""
        return self.item.id


@dataclass(frozen=True)
class OpeningLine:
    """The line above the cards. It knows no item: it names no title (but `source`) and no price (but of a limit).

    `intent`: one of INTENTS. `limits`, `refused`, `unmet`: in the visitor's words. `kinds`: what kinds of things are
    on the slate. `near`: how near the catalogue comes where nothing is left. `source`: what a bridge leads from, or
    what was spoken of before the small talk.
    """

    lang: Lang
    wish: str
    intent: str
    limits: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    near: str = ""
    source: str = ""

    @property
    def part(self) -> str:
        """The name under which the line is streamed."""
        return OPENING


@dataclass(frozen=True)
class AnswerLine:
    """An answer about one item. `wish`: the question; `asked`: (label, value) of what the data has of what was asked;
    `missing`: labels of what it has not. Both empty: tell of it in general."""

    lang: Lang
    wish: str
    item: Item
    asked: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The name under which the line is streamed."""
        return OPENING


@dataclass(frozen=True)
class CompareLine:
    """Two items side by side. `points`: (label, value of one, value of two, the difference in words or "")."""

    lang: Lang
    wish: str
    one: Item
    two: Item
    points: tuple[tuple[str, str, str, str], ...]

    @property
    def part(self) -> str:
        """The name under which the line is streamed."""
        return OPENING


LineRequest = ItemLine | OpeningLine | AnswerLine | CompareLine
