"""What to do in a turn: whether there is a slate, what the opening is about, what lines are to be written."""

from __future__ import annotations

from bot.interest.state import Interest
from bot.phrasing.plain import opening_sentence
from bot.phrasing.requests import OPENING, ItemLine, LineRequest, OpeningLine
from bot.reply import Slate
from bot.understanding.turn import Intent, Turn
from storage.records import TurnState

NO_SLATE = frozenset({Intent.THANKS, Intent.SMALL_TALK})
FIXED = frozenset({"greeting", "thanks", "anything"})
"""Openings that need no model: they say nothing of the wish."""


def wants_slate(turn: Turn) -> bool:
    """Courtesies get words only."""
    return turn.intent not in NO_SLATE


def opening_intent(turn: Turn, state: TurnState, slate: Slate, before: Interest, after: Interest) -> str:
    """What the opening line is about, see `OpeningLine.intent`."""
    if turn.intent is Intent.THANKS:
        return "thanks"
    if turn.intent in (Intent.SMALL_TALK, Intent.START_OVER):
        return "greeting"
    if slate.unmet:
        return "unmet"
    if turn.intent is Intent.ASK:
        return _ask_intent(before, after)
    return {
        Intent.REFINE: "refine",
        Intent.REJECT: "reject",
        Intent.MORE: "more",
        Intent.ANYTHING: "anything",
    }[turn.intent]


def _ask_intent(before: Interest, after: Interest) -> str:
    """A first wish, a shift to another domain, or more of the same made narrower."""
    if before.live is None or after.live is None:
        return "recommend"
    return "refine" if before.live.domain == after.live.domain else "shift"


def line_requests(turn: Turn, intent: str, slate: Slate, interest: Interest) -> list[LineRequest]:
    """The opening and one line for each card, as data."""
    kinds = tuple(dict.fromkeys(card.item.category or card.item.domain for card in slate.cards))
    domains = {"", *(card.item.domain for card in slate.cards)}
    opening = OpeningLine(
        lang=turn.lang,
        wish=turn.text,
        intent=intent,
        limits=tuple(dict.fromkeys(limit.constraint.text for limit in interest.limits if limit.domain in domains)),
        refused=tuple(term.text for term in turn.refusals),
        unmet=slate.unmet,
        kinds=kinds[:3],
    )
    return [opening, *(ItemLine(turn.lang, turn.text, card.fits, card.item) for card in slate.cards)]


def floor_sentences(turn: Turn, intent: str, slate: Slate) -> dict[str, str]:
    """Plain sentences that know more than the general ones: an empty slate, and what is nearest."""
    opening = OpeningLine(turn.lang, turn.text, intent, unmet=slate.unmet)
    empty = wants_slate(turn) and not slate.cards
    return {OPENING: opening_sentence(opening, empty=empty, nearest=slate.nearest)}


def fixed_parts(intent: str, slate: Slate) -> frozenset[str]:
    """Parts that are said in plain sentences whatever the model: courtesies, and openings above no card."""
    return frozenset({OPENING} if intent in FIXED or not slate.cards else ())
