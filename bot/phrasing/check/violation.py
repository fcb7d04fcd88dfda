"""What the check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """What in a line has no ground.

    `kind`: number, unit, price, title, name, colour, audience, exaggeration, health, claim, weather, language,
    repetition, stray, address, foreign (nothing of it is the item's), loose (too little of it is the source's), denial,
    act, direction, side; of whole lines also omission. `text`: the words that it is about.
    """

    kind: str
    text: str
