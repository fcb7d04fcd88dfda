"""What a line is to be written from, as data."""

from __future__ import annotations

from dataclasses import dataclass

from errors import Lang
from retrieval.items import Item

OPENING = "opening"
"""The part name of the opening line; every other part is an item's id."""


INTENTS = frozenset(
    ("recommend", "refine", "reject", "more", "shift", "liked", "anything", "unmet", "greeting", "thanks")
)
"""Situations of an opening that the model knows."""


@dataclass(frozen=True)
class ItemLine:
    """One line on one item. `item` is already in the visitor's language.

    `fits`: the words of the wish that this item truly meets (may be empty).
    """

    lang: Lang
    wish: str
    fits: tuple[str, ...]
    item: Item

    @property
    def part(self) -> str:
        """The name under which the line is streamed: the item's id."""
        return self.item.id


@dataclass(frozen=True)
class OpeningLine:
    """The line above the cards. It knows no item: it names no title and no price.

    `intent`: one of INTENTS, the situations that the model was trained on.
    `limits`, `refused`, `unmet`: in the visitor's words. `kinds`: what kinds of things are on the slate.
    """

    lang: Lang
    wish: str
    intent: str
    limits: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The name under which the line is streamed."""
        return OPENING


LineRequest = ItemLine | OpeningLine
