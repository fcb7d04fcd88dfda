"""A simulated visitor: says its taste bit by bit, answers questions truthfully, changes its mind once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.simulation.taste import Taste, Tastes
from bot.understanding.turn import Question
from errors import Lang
from retrieval.segment import fold

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "zh": {
        "wish": "想找{}",
        "also": "最好是{}的",
        "refuse": "不要{}",
        "limit": "{}元以内",
        "instead": "算了，我改主意了，想要{}",
        "more": "换一批",
        "any": "都行",
    },
    "en": {
        "wish": "I'm looking for {}",
        "also": "it should also be {}",
        "refuse": "no {}, please",
        "limit": "under {} yuan",
        "instead": "actually, I changed my mind: I want {}",
        "more": "something else",
        "any": "no preference",
    },
}


@dataclass
class Visitor:
    """One conversation's side. `changes_at`: the turn, from 1, at which it wants something else.

    `taste`: what it wants now; `said`: what it has said so far and still means.
    """

    tastes: Tastes
    lang: Lang
    changes_at: int
    turn: int = 0
    asked_more: bool = False
    _open: list[tuple[str, str]] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._open = self._plan(self.taste, "wish")

    @property
    def taste(self) -> Taste:
        """What it is after now."""
        return self.tastes.second if self.turn >= self.changes_at else self.tastes.first

    @property
    def settled(self) -> bool:
        """Whether it has changed its mind already."""
        return self.turn >= self.changes_at

    def says(self, question: Question | None = None) -> str:
        """The next message, with an answer to the question where it has one."""
        self.turn += 1
        words = WORDS[self.lang]
        self.asked_more = False
        if self.turn == self.changes_at:
            self._open = self._plan(self.taste, "instead")
        elif question is not None and (answer := self._answer(question)):
            return answer
        if not self._open:
            self.asked_more = True
            return words["more"]
        kind, value = self._open.pop(0)
        self._told.add(kind)
        return words[kind].format(value)

    def binds(self) -> Taste:
        """What it has said of limits and refusals so far: what a card must not break."""
        taste = self.taste
        refused = taste.refused if "refuse" in self._told else ""
        return Taste(taste.domain, (), refused, taste.at_most if "limit" in self._told else None)

    def _plan(self, taste: Taste, first: str) -> list[tuple[str, str]]:
        """What is still to be said, in order."""
        plan = [(first, taste.wanted[0]), *(("also", value) for value in taste.wanted[1:])]
        if taste.refused and "refuse" not in self._told:
            plan.append(("refuse", taste.refused))
        if taste.at_most is not None and "limit" not in self._told:
            plan.append(("limit", f"{taste.at_most:g}"))
        return plan

    def _answer(self, question: Question) -> str:
        """One of the answers offered, if it is what the visitor wants; nothing where it has no opinion on it."""
        for kind, value in self._open:
            for answer in question.answers:
                if kind in ("wish", "also", "instead") and fold(value) in fold(answer):
                    self._open.remove((kind, value))
                    return answer
        return ""
