"""What to do in a turn, as one small decision: a pure function of what was heard and what there is to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.interest.state import Dialogue, Interest
from bot.policy.questions import QuestionParameters
from bot.policy.settling import wants_no_questions
from bot.policy.smalltalk import CARING, INVITING, contradiction, kind_of
from bot.reply import Slate
from bot.understanding.turn import Intent, Reference, Turn
from retrieval.segment import fold


class Act(StrEnum):
    """What the bot does with a turn."""

    RECOMMEND = "recommend"
    ANSWER = "answer"
    """About an item, from its facts."""
    COMPARE = "compare"
    """Two items, point by point."""
    WHICH = "which"
    """Asks which of the things shown is meant."""
    ADMIT = "admit"
    """Something that was wished for cannot be met: says which, and what is nearest."""
    CHAT = "chat"
    CARE = "care"


ASKABLE = frozenset({Intent.ASK, Intent.REFINE, Intent.MORE})
"""After these a question may help; after a refusal, thanks or a question of the visitor's it would press."""
MOST_ANSWERED = 3
"""Items that one answer speaks of."""
MOST_COMPARED = 4
QUIET = "*"
"""Among the fields asked about: all of them, for a visitor who will not be asked anything."""
AMONG = re.compile(
    r"(?:哪.{0,3}|谁|什么)最|最.{1,4}(?:是哪|的是)|[这那][几三四]|\b(?:of|are|do) (?:these|those|them)\b"
    r"|\bwhich .{0,12}\b(?:the )?(?:most|least|best|\w{2,}est)\b"
)
"""Asks among all that is shown (哪个最便宜, which of these is the longest), not between two."""


OPEN = frozenset({"anything", "stock"})
"""Situations in which things from anywhere are shown."""


@dataclass(frozen=True)
class Decision:
    """`situation`: what the opening is about, as the texts name it. `items`: ids that the turn is about.

    `clash`: two wishes that exclude one another, in the visitor's words. `may_ask`: whether a question may be put.
    `quiet`: the visitor said that they do not want to be asked anything.
    """

    act: Act
    situation: str
    items: tuple[str, ...] = ()
    clash: tuple[str, str] | None = None
    may_ask: bool = False
    quiet: bool = False

    @property
    def is_open(self) -> bool:
        """Whether things from anywhere are shown, whatever the talk was about."""
        return self.situation in OPEN

    @property
    def intent(self) -> str:
        """The name that goes out with the reply."""
        return self.situation if self.act in (Act.RECOMMEND, Act.ADMIT) or self.situation == "thanks" else self.act


def decide(turn: Turn, before: Interest, after: Interest) -> Decision:
    """What to do, before there is a slate. `before`, `after`: the interest without and with this turn."""
    talk = before.dialogue
    match turn.intent:
        case Intent.THANKS:
            return Decision(Act.CHAT, "thanks")
        case Intent.SMALL_TALK | Intent.OUT_OF_SCOPE | Intent.CARE:
            kind = kind_of(turn)
            if kind in INVITING:
                return Decision(Act.RECOMMEND, INVITING[kind])
            return Decision(Act.CARE if kind in CARING else Act.CHAT, kind)
        case Intent.ABOUT:
            return _about(turn, meant(turn, talk)[:MOST_ANSWERED], talk)
        case Intent.COMPARE:
            return _compare(turn, meant(turn, talk), talk)
        case Intent.ASK | Intent.REFINE if _only_points(turn):
            return Decision(Act.ANSWER, "about", meant(turn, talk)[:MOST_ANSWERED])
    clash = contradiction(turn)
    alike = tuple(id_ for r in turn.references if r.role == "similar" for id_ in _first(r))
    situation = "contradiction" if clash else "similar" if alike else _situation(turn, before, after)
    quiet = QUIET in talk.asked or wants_no_questions(turn.text)
    may_ask = turn.intent in ASKABLE and talk.question is None and not clash and not alike and not quiet
    return Decision(Act.RECOMMEND, situation, alike, clash, may_ask, quiet)


def with_slate(decision: Decision, slate: Slate) -> Decision:
    """The decision once it is known what there is to show: what cannot be met is admitted, not asked about."""
    if decision.act is not Act.RECOMMEND or not (slate.unmet or not slate.cards):
        return decision
    if decision.clash or not slate.unmet:
        return replace(decision, may_ask=False)
    return replace(decision, act=Act.ADMIT, situation="unmet", may_ask=False)


def is_broad(interest: Interest, candidates: int, size: int, parameters: QuestionParameters) -> bool:
    """Whether so many candidates remain for so few words that a question is worth it."""
    live = interest.live
    if live is None or candidates <= parameters.crowd * size:
        return False
    words = [word for word in live.words if not word.is_domain and word.weight >= parameters.current_word]
    limits = [limit for limit in interest.limits if limit.domain in ("", live.domain)]
    return len(words) + len(limits) <= parameters.most_words


def taken_fields(interest: Interest) -> frozenset[str]:
    """Fields that need no question: asked about before, limited, refused, or named by a word of the live thread."""
    live = interest.live
    words = live.words if live else ()
    return frozenset(
        (
            *interest.dialogue.asked,
            *(limit.constraint.field for limit in interest.limits),
            *(facet.field for refusal in interest.refusals for facet in refusal.facets),
            *(facet.field for word in words for facet in word.facets),
        )
    )


def next_dialogue(dialogue: Dialogue, decision: Decision, slate: Slate, page_item: str = "") -> Dialogue:
    """Where the talk stands after the reply. `page_item`: what the page that the visitor is on shows."""
    shown = tuple(card.item.id for card in slate.cards)
    question = slate.question
    asked = dialogue.asked
    if question and question.field and decision.act is not Act.WHICH:
        asked = tuple(dict.fromkeys((*asked, question.field)))
    if decision.quiet:
        asked = tuple(dict.fromkeys((*asked, QUIET)))
    match decision.act:
        case Act.ANSWER:
            # The slate before stays what "the second one" counts in.
            kept = dialogue.slate if set(shown) <= set(dialogue.slate) else shown
            return replace(dialogue, slate=kept, focus=decision.items, question=question, asked=asked)
        case Act.COMPARE:
            return replace(dialogue, slate=shown, focus=decision.items, question=question, asked=asked)
        case Act.RECOMMEND | Act.ADMIT if shown:
            focus = (page_item,) if page_item else ()
            return replace(dialogue, slate=shown, focus=focus, question=question, asked=asked)
    return replace(dialogue, question=question, asked=asked)


def meant(turn: Turn, dialogue: Dialogue) -> tuple[str, ...]:
    """Ids of what a turn speaks of: named in it, or else spoken of last, or else the only thing shown."""
    named = tuple(dict.fromkeys(id_ for r in turn.references if r.role == "this" for id_ in _first(r)))
    return named or dialogue.focus or (dialogue.slate if len(dialogue.slate) == 1 else ())


def _only_points(turn: Turn) -> bool:
    """Whether a turn does nothing but point at something shown ("the shorter one, please")."""
    shown = [r for r in turn.references if r.kind == "shown" and r.role == "this"]
    content = turn.wishes or turn.refusals or turn.less or turn.constraints or turn.lifted
    return bool(shown) and not content and all(r.sentiment == 0 for r in turn.references)


def _first(reference: Reference) -> Sequence[str]:
    """What a reference stands for: all of "both", the likeliest of a title."""
    return reference.item_ids if reference.kind == "shown" else reference.item_ids[:1]


def _about(turn: Turn, items: tuple[str, ...], dialogue: Dialogue) -> Decision:
    """An answer about what is meant; in general ("how about it") of two things at most, else which one is asked."""
    if items and (turn.asked or len(items) < MOST_ANSWERED):
        return Decision(Act.ANSWER, "about", items)
    if not dialogue.slate:
        return Decision(Act.CHAT, "nothing_shown")
    if dialogue.question is not None:  # never two questions in a row: the first thing shown is the best guess
        return Decision(Act.ANSWER, "about", dialogue.slate[:1])
    return Decision(Act.WHICH, "which", dialogue.slate)


def _compare(turn: Turn, items: tuple[str, ...], dialogue: Dialogue) -> Decision:
    """What is meant; one alone is set against what was spoken of or shown beside it. All that is shown, if so asked."""
    named = tuple(dict.fromkeys(id_ for r in turn.references if r.role == "this" for id_ in _first(r)))
    if len(named) < 2 and len(dialogue.slate) > 2 and AMONG.search(fold(turn.text)):
        named = dialogue.slate
    if len(named) > 2:
        return Decision(Act.COMPARE, "compare", named[:MOST_COMPARED])
    pair = tuple(dict.fromkeys((*items, *dialogue.focus, *dialogue.slate)))[:2]
    if len(pair) == 2:
        return Decision(Act.COMPARE, "compare", pair)
    return Decision(Act.ANSWER, "about", pair) if pair else Decision(Act.CHAT, "nothing_shown")


def _situation(turn: Turn, before: Interest, after: Interest) -> str:
    """What a recommendation's opening is about."""
    if turn.intent is Intent.ANYTHING:
        return "anything" if before.dialogue.question is None else "open"
    if turn.intent is not Intent.ASK:
        known = {Intent.REFINE, Intent.REJECT, Intent.MORE, Intent.START_OVER, Intent.RETURN}
        return str(turn.intent) if turn.intent in known else "recommend"
    if before.live is None or after.live is None or before.live.source == "profile":
        return "recommend"
    return "refine" if before.live.domain == after.live.domain else "shift"
