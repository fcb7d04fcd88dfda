"""What an uncertain message comes to, once the trained head has spoken: its content stays, whatever else it seemed."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.understanding.turn import Intent, Turn, Wish
from retrieval.segment import fold

WITHOUT_CONTENT = frozenset(
    (
        *(Intent.THANKS, Intent.SMALL_TALK, Intent.CARE, Intent.OUT_OF_SCOPE, Intent.MORE, Intent.REJECT),
        *(Intent.ANYTHING, Intent.RETURN, Intent.START_OVER),
    )
)
"""Intents that wish for nothing new."""
OF_ITEMS = frozenset((Intent.ABOUT, Intent.COMPARE))
"""Intents that speak of items; where none is pointed at and nothing is asked of them, the head cannot be right."""
NO_QUESTIONS = re.compile(
    r"别(?:再)?问|不要(?:再)?问|不用问|少问|别(?:再)?提问|直接(?:给我)?(?:推荐|推|来|上|挑)"
    r"|\b(?:don't|do not|stop|quit|without|no more) (?:ask|asking|questions)\b|\bno (?:more )?questions\b"
    r"|\bjust (?:recommend|pick|choose|suggest)\b"
)


def wants_no_questions(text: str) -> bool:
    """Whether the visitor would rather not be asked anything."""
    return bool(NO_QUESTIONS.search(fold(text).replace("’", "'")))


def settled(turn: Turn, judged: Intent) -> Turn:
    """The uncertain turn with the intent that was judged for it.

    Where that wishes for nothing, words that the catalogue does not know were none of a wish and are dropped. What is
    known, and limits, are content: a wish that has any stays what it was.
    """
    if wants_no_questions(turn.text) and turn.intent is Intent.ASK and not any(map(is_known, turn.wishes)):
        judged = Intent.ANYTHING
    if judged in OF_ITEMS and not (turn.references or turn.asked):
        return turn
    if judged not in WITHOUT_CONTENT:
        return replace(turn, intent=judged)
    known = tuple(wish for wish in turn.wishes if is_known(wish))
    words = {term.text for wish in known for term in wish.terms}
    turn = replace(turn, wishes=known, keywords=tuple(word for word in turn.keywords if word in words))
    if known:
        return turn
    if turn.constraints or turn.lifted or turn.less:
        return replace(turn, intent=Intent.REFINE)
    if judged is Intent.ANYTHING and turn.refusals:
        judged = Intent.REJECT
    return replace(turn, intent=judged)


def is_known(wish: Wish) -> bool:
    """Whether the catalogue knows a word of it as more than a piece of a title."""
    return any(facet.field != "title" for term in wish.terms for facet in term.facets)
