"""What is to be said in a turn: the lines to write, and the opening wherever it is said in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.interest.state import Interest
from bot.phrasing.facts import listed
from bot.phrasing.item_sentences import item_sentences
from bot.phrasing.plain import in_words, listed_words, opening_sentence
from bot.phrasing.requests import OPENING, LineRequest, OpeningLine
from bot.policy.answers import answer
from bot.policy.comparing import among, comparison
from bot.policy.decision import Act, Decision
from bot.policy.lines import RECOMMENDING, TRUSTED, Trusted, is_fixed, item_lines, opening_line, spoken_of
from bot.policy.points import chooses, compared
from bot.policy.smalltalk import is_foreign, talk
from bot.recommending.explain import quoted
from bot.reply import Slate
from bot.understanding.turn import Turn
from retrieval.items import Item


@dataclass(frozen=True)
class Script:
    """What `Phraser.write` needs: the lines, plain sentences for parts, which of these are fixed, what follows them."""

    requests: Sequence[LineRequest]
    floor: Mapping[str, str]
    fixed: frozenset[str]
    after: Mapping[str, str]


def script(
    decision: Decision,
    turn: Turn,
    slate: Slate,
    interest: Interest,
    named: Sequence[Item] = (),
    trusted: Trusted = TRUSTED,
) -> Script:
    """The words of a turn. `named`: the localised items of `decision.items`; `trusted`: what a model may write.

    Answers and comparisons are said in the opening; their cards get no lines of their own.
    """
    opening = opening_line(decision, turn, slate, interest, named)
    lines = item_lines(turn, slate) if decision.act in RECOMMENDING else []
    asks = slate.question.text if slate.question and decision.act is not Act.WHICH else ""
    return Script(
        requests=[opening, *lines],
        floor={OPENING: opening_words(decision, turn, slate, interest, named), **item_sentences(lines)},
        fixed=frozenset({OPENING} if is_fixed(decision, turn, slate, opening, trusted) else ()),
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
    said = {constraint.text for constraint in turn.constraints}
    plain = OpeningLine(
        lang,
        turn.text,
        situation,
        limits=tuple(text for text in limits_in_force(interest) if text in said),
        refused=tuple(dict.fromkeys(term.text for term in turn.refusals)),
        unmet=slate.unmet,
    )
    return opening_sentence(plain, empty=not slate.cards, nearest=slate.nearest)


def limits_in_force(interest: Interest) -> tuple[str, ...]:
    """The limits that what is talked of is held to, in the visitor's words."""
    domain = interest.live.domain if interest.live else ""
    held = (limit for limit in interest.limits if not domain or limit.domain in ("", domain))
    return tuple(dict.fromkeys(limit.constraint.text for limit in held))
