"""What is asked of the language model in a turn: which lines, from which data; and what it is not asked for."""

from __future__ import annotations

from collections.abc import Sequence

from bot.interest.state import Interest
from bot.phrasing.orders import without_orders
from bot.phrasing.requests import INTENTS, AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from bot.policy.comparing import sides
from bot.policy.decision import Act, Decision
from bot.policy.points import chooses, compared
from bot.policy.smalltalk import is_foreign
from bot.policy.telling import name_of, text_of, value_in
from bot.recommending.explain import quoted
from bot.reply import Card, Slate
from bot.understanding.turn import Turn
from retrieval.items import Item

RECOMMENDING = (Act.RECOMMEND, Act.ADMIT)
Trusted = frozenset[type[LineRequest]]
TRUSTED: Trusted = frozenset({ItemLine})
"""Kinds of lines that a model writes. What a small one makes of openings, answers and comparisons reads worse than the
plain sentences do, so these are said as written, and at once."""
WRITTEN = frozenset({"recommend", "refine", "reject", "more", "shift", "liked", "unmet", "anything"})
"""Openings above cards that a model writes; the others say more than a model may be trusted with."""
CHATTING = {"thanks": "thanks", "hello": "greeting"} | dict.fromkeys(("mood", "praise", "bye", "chat"), "small_talk")
"""Kinds of talk that a model answers → the situation it knows. What the bot is, and care, are said as written."""
SAID_ALREADY = frozenset({"words", "interest", "explore"})
"""Reasons that the fitting words say, or that say nothing of the item."""
MOST_REASONS = 2


def item_lines(turn: Turn, slate: Slate) -> list[ItemLine]:
    """One line for each card."""
    return [
        ItemLine(turn.lang, turn.text, card.fits, without_orders(card.item), reasons_of(card)) for card in slate.cards
    ]


def reasons_of(card: Card) -> tuple[str, ...]:
    """The reasons that a line may give beside the fitting words."""
    return tuple(b.text for b in card.because if b.kind not in SAID_ALREADY)[:MOST_REASONS]


def opening_line(
    decision: Decision, turn: Turn, slate: Slate, interest: Interest, named: Sequence[Item] = ()
) -> LineRequest:
    """The request for the words above the cards; an opening that knows no items, an answer or a comparison."""
    items = [without_orders(card.item) for card in slate.cards]
    if decision.act is Act.ANSWER and len(items) == 1:
        return _answer(items[0], turn)
    if decision.act is Act.COMPARE and len(items) == 2 and (points := _points(items[0], items[1], turn)):
        return CompareLine(turn.lang, turn.text, items[0], items[1], points)
    if decision.act is Act.CHAT:
        situation = CHATTING.get(decision.situation, "small_talk")
        return OpeningLine(turn.lang, turn.text, situation, source=spoken_of(interest))
    domains = {"", *(item.domain for item in items)}
    source = _bridged(named, items, turn)
    return OpeningLine(
        lang=turn.lang,
        wish=turn.text,
        intent=_intent(decision, slate, source),
        limits=tuple(dict.fromkeys(limit.constraint.text for limit in interest.limits if limit.domain in domains)),
        refused=tuple(term.text for term in turn.refusals),
        unmet=slate.unmet,
        kinds=tuple(dict.fromkeys(item.category or item.domain for item in items))[:3],
        near=slate.nearest,
        source=source,
    )


def is_fixed(decision: Decision, turn: Turn, slate: Slate, request: LineRequest, trusted: Trusted = TRUSTED) -> bool:
    """Whether the words above the cards are plain ones, without asking the model. `trusted`: what it may write."""
    if type(request) not in trusted or is_foreign(turn.text):
        return True
    match request:
        case AnswerLine():
            return bool(request.asked) and any(isinstance(value_in(request.item, f), bool) for f in turn.asked)
        case CompareLine():
            return False
        case OpeningLine() if decision.act is Act.CHAT:
            return decision.situation not in CHATTING
        case OpeningLine() if decision.act in RECOMMENDING and not decision.clash:
            if not slate.cards:
                return not (request.unmet or request.limits)
            return request.intent != "bridge" and (decision.situation not in WRITTEN or bool(slate.nearest))
    return True


def spoken_of(interest: Interest) -> str:
    """What the live thread is called, if the catalogue knows a word of it; else empty."""
    live = interest.live
    return live.label if live and any(word.facets for word in live.words) else ""


def _intent(decision: Decision, slate: Slate, source: str) -> str:
    if decision.act in RECOMMENDING and not slate.cards:
        return "nothing"
    if source:
        return "bridge"
    return decision.situation if decision.situation in INTENTS else "recommend"


def _bridged(named: Sequence[Item], items: Sequence[Item], turn: Turn) -> str:
    """The quoted title that the turn leads from, if it leads to another domain."""
    if not named or not items or any(item.domain == named[0].domain for item in items):
        return ""
    return quoted(named[0].title, named[0].domain, turn.lang)


def _answer(item: Item, turn: Turn) -> AnswerLine:
    asked, missing = [], []
    for field in turn.asked:
        name = name_of(field.removeprefix("attributes."), turn.lang)
        value = value_in(item, field)
        if value is None:
            missing.append(name)
        else:
            asked.append((name, text_of(item, field, value, turn.lang)))
    return AnswerLine(turn.lang, turn.text, item, tuple(asked), tuple(missing))


def _points(one: Item, two: Item, turn: Turn) -> tuple[tuple[str, str, str, str], ...]:
    asked = turn.asked or compared(turn, (one, two))
    whole = not asked or chooses(turn)
    return sides(one, two, () if whole else asked, turn.lang)
