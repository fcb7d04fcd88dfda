"""Why an item is on a card, as the page's small window draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bot.recommending.why import Change, Why, part_label
from bot.web.heard import short
from errors import Lang
from storage.records import MessageRecord

MOST_CHANGES = 6
"""So many things that were heard are told of; what matters most comes first."""
MOST_QUOTED = 2
LEAST_SHARE = 0.01
"""Parts that make up less are not drawn."""


def why_json(why: Why, messages: Iterable[MessageRecord], lang: Lang) -> dict[str, Any]:
    """All that the window draws, in the page's language; titles and reasons have the card's.

    `said`: [number among the visitor's messages, from 1; its words] of those that the reasons came from; `marks`: what
    was heard in them.
    """
    said = {m.turn_id: (nth, short(m.text)) for nth, m in enumerate((m for m in messages if m.role == "user"), 1)}
    quotes = sorted({said[because.turn_id] for because in why.because if because.turn_id in said})
    return {
        "item_id": why.item.id,
        "title": why.item.title,
        "rank": why.rank,
        "moved": why.moved,
        "because": [because.text for because in why.because],
        "said": [list(quote) for quote in quotes[-MOST_QUOTED:]],
        "marks": [change.label for change in why.without if change.kind in ("word", "limit", "refusal")],
        "parts": [
            {"label": part_label(p.name, lang), "share": round(p.share, 3)}
            for p in why.parts
            if abs(p.share) >= LEAST_SHARE
        ],
        "without": [change.as_json() for change in told(why)],
    }


def told(why: Why) -> list[Change]:
    """What is worth telling: what makes a difference, then the other words of what the item answers; no whole thread
    beside its words.
    """
    own = {change.thread for change in why.without if change.kind == "word" and _matters(change, why)}
    others = [c for c in why.without if not _matters(c, why) and c.kind == "word" and c.thread in own]
    return [*_mattering(why), *others][:MOST_CHANGES]


def _mattering(why: Why) -> Iterator[Change]:
    changes = [change for change in why.without if change.kind != "thread" and _matters(change, why)]
    # Who leaves the slate comes before who only falls, who falls before who only loses some of the score.
    yield from sorted(changes, key=lambda c: (c.rank is not None and c.instead is None, c.rank == why.rank, c.score))


def _matters(change: Change, why: Why) -> bool:
    return change.score < why.score - 1e-4 or change.rank != why.rank or change.instead is not None
