"""Plays stories through a bot, turn by turn, and notes which expectations hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.bot import Bot
from bot.reply import Card, Reply, Slate
from bot.stories.story import Expected, Feedback, Json, Say, Seen, Story, Turn, Visit
from errors import ZhiyinError
from storage.records import new_id, new_token

UNPLAYED = "turn"
"""Stands for the expectation where a turn expects nothing but could not be played."""


@dataclass(frozen=True)
class Outcome:
    """One expectation, tried. `turn`: from 1; `said`: what was said or done; `why`: empty if it holds.

    `shown`: the cards, as id and title.
    """

    turn: int
    said: str
    key: str
    value: Any
    why: str
    shown: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return not self.why


@dataclass(frozen=True)
class StoryReport:
    """A story, played."""

    story: Story
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The expectations that do not hold."""
        return tuple(outcome for outcome in self.outcomes if not outcome.met)


def play(bot: Bot, story: Story, *, remembers: bool = True) -> StoryReport:
    """Plays one story. `remembers`: false gives each message a session of its own, which knows of nothing before."""
    player = _Player(bot, story, remembers)
    return StoryReport(story, tuple(o for n, turn in enumerate(story.turns, 1) for o in player.take(n, turn)))


class _Player:
    """Where a story stands: its session, the cards last shown, and all that answers have shown."""

    def __init__(self, bot: Bot, story: Story, remembers: bool) -> None:
        self._bot = bot
        self._story = story
        self._remembers = remembers
        self._visitor = f"{story.visitor}-{new_id()}" if story.visitor else None
        self._session = ""
        self._turn_id = ""
        self._cards: tuple[Card, ...] = ()
        self._before: frozenset[str] = frozenset()

    def take(self, number: int, turn: Turn) -> Iterator[Outcome]:
        """Plays a turn and tries what it expects."""
        said = _said(turn)
        try:
            seen = self._play(turn)
        except ZhiyinError as error:
            yield from _unplayed(number, said, turn.expected, str(error))
            return
        seen = replace(seen, may_be_empty=turn.expected.may_be_empty)
        shown = tuple(f"{card['id']} {card['title']}" for card in seen.cards)
        for one in turn.expected.all:
            yield Outcome(number, said, one.key, one.value, one.check(seen), shown)

    def _play(self, turn: Turn) -> Seen:
        if isinstance(turn, Visit):
            return self._slate_seen(self._open())
        if isinstance(turn, Say):
            if not self._session or not self._remembers:
                self._open()
            return self._answer(turn.text)
        if not self._session:
            self._open()
        item_id = turn.item or self._nth(turn.nth)
        self._bot.feedback(self._session, item_id, turn.kind, turn.value, self._turn_id or None)
        return self._shown(self._bot.slate(self._session)) if turn.expected.all else Seen()

    def _open(self) -> Slate:
        story = self._story
        session, slate = self._bot.open_session(new_token(), story.lang, self._visitor, story.domains)
        self._session, self._turn_id = session.session_id, ""
        # In a session without a memory, feedback is still on what was shown last.
        self._cards = slate.cards if self._remembers else self._cards or slate.cards
        return slate

    def _answer(self, text: str) -> Seen:
        reply = next(event for event in self._bot.reply(self._session, text) if isinstance(event, Reply))
        self._turn_id = reply.turn_id
        heard = self._bot.store.messages(self._session)[-1].intent
        lines = [reply.lines.get(card.item.id, "") for card in reply.slate.cards]
        return replace(
            self._shown(reply.slate),
            text="\n".join([reply.text, *lines]),
            intents=frozenset(name for name in (heard, reply.intent) if name),
        )

    def _shown(self, slate: Slate) -> Seen:
        """What is seen of a slate that answers; from then on it has been shown."""
        seen = self._slate_seen(slate)
        self._cards = slate.cards or self._cards
        self._before |= {card.item.id for card in slate.cards}
        return seen

    def _slate_seen(self, slate: Slate) -> Seen:
        return Seen(
            cards=tuple(self._card(card) for card in slate.cards),
            before=self._before,
            unmet=slate.unmet,
            asks=slate.question is not None,
        )

    def _card(self, card: Card) -> Json:
        item = self._bot.item(card.item.id).as_json()
        return {**item, "because": [because.text for because in card.because]}

    def _nth(self, nth: int) -> str:
        if nth > len(self._cards):
            raise _NoSuchCard(nth=nth, cards=len(self._cards))
        return self._cards[nth - 1].item.id


class _NoSuchCard(ZhiyinError):
    """Fields: `nth`, `cards`."""

    zh = "没有第 {nth} 张卡片，只有 {cards} 张"
    en = "there is no card {nth} to judge, only {cards}"


def _unplayed(number: int, said: str, expected: Expected, why: str) -> Iterator[Outcome]:
    """All that was expected of a turn that could not be played; at least one thing."""
    for one in expected.all:
        yield Outcome(number, said, one.key, one.value, why)
    if not expected.all:
        yield Outcome(number, said, UNPLAYED, None, why)


def _said(turn: Turn) -> str:
    match turn:
        case Say(text=text):
            return text
        case Feedback(kind=kind, nth=nth, item=item):
            return f"[{kind} {item or f'card {nth}'}]"
        case Visit():
            return "[a new visit]"
