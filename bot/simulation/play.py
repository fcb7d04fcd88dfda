"""Visitors meet a way to recommend; what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bot.bot import Bot
from bot.evaluation.metrics import diversity
from bot.mind import Mind
from bot.reply import Reply
from bot.simulation.taste import Tastes
from bot.simulation.visitor import Visitor
from bot.understanding.turn import Question
from errors import Lang
from retrieval.catalogue import Catalogue
from storage.records import new_token

TURNS = 8
"""A visitor leaves after so many messages."""


class Talk(Protocol):
    """A conversation with a way to recommend."""

    def answer(self, text: str) -> tuple[list[str], Question | None]:
        """The ids on the slate, and what is asked."""


@dataclass(frozen=True)
class Outcome:
    """A visitor's conversation. `turns`: messages until a fitting item, 0 for never; `cards`: how many were shown.

    `violations`: cards outside what was refused or limited; `repeats`: cards shown before, where only others were
    asked for; `diversities`: of each slate.
    """

    turns: int
    cards: int
    violations: int
    repeats: int
    diversities: tuple[float, ...]


class OurTalk:
    """The app's own pipeline."""

    def __init__(self, bot: Bot, lang: Lang) -> None:
        self._bot = bot
        self._session = bot.open_session(new_token(), lang)[0].session_id

    def answer(self, text: str) -> tuple[list[str], Question | None]:
        """The slate of the reply."""
        reply = next(event for event in self._bot.reply(self._session, text) if isinstance(event, Reply))
        return [card.item.id for card in reply.slate.cards], reply.slate.question


class PlainTalk:
    """The plain method: the last message's vector, the nearest items by cosine, nothing kept."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    def answer(self, text: str) -> tuple[list[str], Question | None]:
        """The nearest items."""
        catalogue = self._mind.recommender.shelf.catalogue
        near = catalogue.vectors @ self._mind.encoder.encode([text], "query")[0]
        return [catalogue.items[i].id for i in np.argsort(-near)[: self._mind.slate_size]], None


def meet(talk: Talk, tastes: Tastes, lang: Lang, changes_at: int, catalogue: Catalogue) -> Outcome:
    """One conversation, until an item fits the taste that the visitor ends up with, or it has had enough."""
    visitor, question = Visitor(tastes, lang, changes_at), None
    seen: set[str] = set()
    violations = repeats = cards = 0
    diversities: list[float] = []
    for _ in range(TURNS):
        ids, question = talk.answer(visitor.says(question))
        shown = [catalogue.items[catalogue.position[id_]].localized(lang) for id_ in ids]
        binding = visitor.binds()
        violations += sum(not binding.allows(item) for item in shown)
        repeats += sum(item.id in seen for item in shown) if visitor.asked_more else 0
        cards += len(shown)
        diversities.append(diversity(catalogue.centred[[catalogue.position[id_] for id_ in ids]]))
        seen.update(ids)
        if visitor.settled and any(visitor.taste.fits(item) for item in shown):
            return Outcome(visitor.turn, cards, violations, repeats, tuple(diversities))
    return Outcome(0, cards, violations, repeats, tuple(diversities))


def meet_all(
    new_talk: Callable[[], Talk],
    every: Sequence[Tastes],
    lang: Lang,
    catalogue: Catalogue,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Outcome]:
    """All visitors; every second one changes its mind with the second message, the others with the third."""
    outcomes = []
    for i, tastes in enumerate(every):
        outcomes.append(meet(new_talk(), tastes, lang, 2 + i % 2, catalogue))
        progress((i + 1) / len(every))
    return outcomes


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Success within 3 and 5 messages, messages needed where it came to that, and what went wrong, over cards."""
    turns = np.asarray([outcome.turns for outcome in outcomes])
    cards = max(sum(outcome.cards for outcome in outcomes), 1)
    slates = [value for outcome in outcomes for value in outcome.diversities]
    return {
        "success within 3": float(np.mean((turns > 0) & (turns <= 3))),
        "success within 5": float(np.mean((turns > 0) & (turns <= 5))),
        "turns needed": float(turns[turns > 0].mean()) if (turns > 0).any() else 0.0,
        "violations": sum(outcome.violations for outcome in outcomes) / cards,
        "repeats": sum(outcome.repeats for outcome in outcomes) / cards,
        "diversity": float(np.mean(slates)) if slates else 0.0,
    }
