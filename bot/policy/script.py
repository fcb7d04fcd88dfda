"""What is to be said in a turn: the lines to write, and the opening wherever it is said in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.interest.state import Interest
from bot.phrasing.facts import listed
from bot.phrasing.plain import in_words, listed_words, opening_sentence
from bot.phrasing.requests import INTENTS, OPENING, ItemLine, LineRequest, OpeningLine
from bot.policy.answers import answer
from bot.policy.comparing import among, comparison
from bot.policy.decision import Act, Decision
from bot.policy.points import chooses, compared
from bot.policy.smalltalk import is_foreign, talk
from bot.recommending.explain import quoted
from bot.reply import Slate
from bot.understanding.turn import Turn
from retrieval.items import Item

WRITTEN = frozenset({"recommend", "refine", "reject", "more", "shift", "liked", "unmet"})
"""Openings that a model writes; all others say nothing of the wish, or more than a model may be trusted with."""
RECOMMENDING = (Act.RECOMMEND, Act.ADMIT)


@dataclass(frozen=True)
class Script:
    """What `Phraser.write` needs: the lines, plain sentences for parts, which of these are fixed, what follows them."""

    requests: Sequence[LineRequest]
    floor: Mapping[str, str]
    fixed: frozenset[str]
    after: Mapping[str, str]


def script(decision: Decision, turn: Turn, slate: Slate, interest: Interest, named: Sequence[Item] = ()) -> Script:
    """The words of a turn. `named`: the localised items of `decision.items`.

    Answers and comparisons are said in the opening; their cards get no lines of their own.
    """
    kinds = tuple(dict.fromkeys(card.item.category or card.item.domain for card in slate.cards))
    domains = {"", *(card.item.domain for card in slate.cards)}
    situation = decision.situation
    opening = OpeningLine(
        lang=turn.lang,
        wish=turn.text,
        intent=situation if situation in INTENTS else "recommend",
        limits=tuple(dict.fromkeys(limit.constraint.text for limit in interest.limits if limit.domain in domains)),
        refused=tuple(term.text for term in turn.refusals),
        unmet=slate.unmet,
        kinds=kinds[:3],
    )
    recommends = decision.act in RECOMMENDING
    lines = [ItemLine(turn.lang, turn.text, card.fits, card.item) for card in slate.cards] if recommends else []
    asks = slate.question.text if slate.question and decision.act is not Act.WHICH else ""
    return Script(
        requests=[opening, *lines],
        floor={OPENING: opening_words(decision, turn, slate, interest, named)},
        fixed=frozenset({OPENING} if _is_fixed(decision, turn, slate) else ()),
        after={OPENING: asks} if asks else {},
    )


def opening_words(decision: Decision, turn: Turn, slate: Slate, interest: Interest, named: Sequence[Item] = ()) -> str:
    """The opening in plain sentences, whatever the situation."""
    lang, key = turn.lang, decision.situation + turn.text
    match decision.act:
        case Act.ANSWER:
            return answer([card.item for card in slate.cards], turn.asked, lang)
        case Act.COMPARE if len(slate.cards) > 1:
            points = turn.asked or compared(turn, [card.item for card in slate.cards])
            if len(slate.cards) > 2:
                return among([card.item for card in slate.cards], points, lang)
            one, two = slate.cards
            return comparison(one, two, points, lang, whole=chooses(turn))
        case Act.WHICH if slate.question:
            return slate.question.text
        case Act.CHAT if decision.situation in ("thanks", "nothing_shown"):
            return in_words(decision.situation, lang, key)
        case Act.CHAT | Act.CARE:
            return talk(decision.situation, lang, key, spoken_of(interest))
    if decision.clash:
        first, second = decision.clash
        situation = "contradiction" if slate.cards else "contradiction_empty"
        if slate.cards and interest.live is None:
            situation = "contradiction_open"
        return in_words(situation, lang, key, one=first, two=second)
    if slate.cards and not slate.unmet and is_foreign(turn.text):
        return in_words("foreign", lang, key)
    situation = decision.situation
    if not slate.cards and not slate.unmet and (limits := limits_in_force(interest)):
        return in_words("nothing_left_within", lang, key, limits=listed_words(limits, lang))
    if slate.cards and situation == "stock":
        kinds = dict.fromkeys(card.item.category or card.item.domain for card in slate.cards)
        return in_words("stock", lang, key, kinds=listed(kinds, lang))
    if slate.cards and not slate.unmet and situation == "similar":
        if named:
            title = quoted(named[0].title, named[0].domain, lang)
            return in_words("similar", lang, key, title=title)
        situation = "recommend"
    plain = OpeningLine(lang, turn.text, situation, unmet=slate.unmet)
    return opening_sentence(plain, empty=not slate.cards, nearest=slate.nearest)


def limits_in_force(interest: Interest) -> tuple[str, ...]:
    """The limits that what is talked of is held to, in the visitor's words."""
    domain = interest.live.domain if interest.live else ""
    held = (limit for limit in interest.limits if not domain or limit.domain in ("", domain))
    return tuple(dict.fromkeys(limit.constraint.text for limit in held))


def spoken_of(interest: Interest) -> str:
    """What the live thread is called, if the catalogue knows a word of it; else empty."""
    live = interest.live
    return live.label if live and any(word.facets for word in live.words) else ""


def _is_fixed(decision: Decision, turn: Turn, slate: Slate) -> bool:
    return (
        decision.act not in RECOMMENDING
        or decision.situation not in WRITTEN
        or not slate.cards
        or bool(slate.nearest)
        or is_foreign(turn.text)
    )
