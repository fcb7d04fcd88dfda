"""A conversation once more: its words through what answers today, or with a turn or a weight changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace

from bot.bot import Bot
from bot.keeping import as_lang
from bot.mind import Mind
from bot.reply import Card, Reply
from bot.stories.stage import passing_bot
from errors import InputError, NotFound, ZhiyinError
from retrieval.score import ScoreWeights
from storage.records import FeedbackRecord, MessageRecord, new_token
from storage.reviewing.records import Replay

WEIGHTS = tuple(one.name for one in fields(ScoreWeights) if one.name != "explore")
MOST_TURNS = 40
REPLAYED = frozenset({"like", "dislike", "hide", "click", "purchase", "rating", "browse"})


@dataclass(frozen=True)
class Again:
    """A turn, once more. `before`: what was shown then, as (id, title); `cards`: what is shown now.

    `stayed`, `gone`, `came`: item ids, by how the two slates differ. `why`: why it could not be answered.
    """

    turn_id: str
    said: str
    changed: bool
    before: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...] = ()
    words: str = ""
    intent: str = ""
    unmet: tuple[str, ...] = ()
    why: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """What is shown now."""
        return tuple(card.item.id for card in self.cards)

    @property
    def same(self) -> bool:
        """Whether the same items stand in the same places."""
        return self.ids == tuple(item_id for item_id, _ in self.before)


def plain(mind: Mind) -> Mind:
    """The same mind, without the language model: at once, and always the same words."""
    return replace(mind, phraser=replace(mind.phraser, model=None))


def with_weights(mind: Mind, changed: Mapping[str, float]) -> Mind:
    """The same mind with other weights of the score."""
    recommender = replace(mind.recommender, weights=replace(mind.recommender.weights, **changed))
    return replace(mind, recommender=recommender)


def read_weights(given: Mapping[str, str]) -> dict[str, float]:
    """The weights of a form: `weight.NAME`. Raises InputError for what is no number from 0 to 10."""
    read = {}
    for name in WEIGHTS:
        if not (text := given.get(f"weight.{name}", "").strip()):
            continue
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 10:
            raise InputError(field=name, zh_reason="应是 0 到 10 之间的数", reason="a number from 0 to 10")
        read[name] = value
    return read


def again(mind: Mind, replay: Replay, edits: Mapping[str, str]) -> list[Again]:
    """Plays the conversation through `mind`, in a store that is gone afterwards; feedback is given where it was.

    `edits`: turn id of a visitor's message → other words for it. Raises InputError where nothing was said.
    """
    asked = [message for message in replay.messages if message.role == "user"]
    if not asked:
        raise InputError(field="conversation", zh_reason="这里什么也没说过", reason="nothing was said in it")
    with passing_bot(plain(mind)) as bot:
        session = replay.session
        opened, _ = bot.open_session(new_token(), as_lang(session.lang), domains=session.domains, tags=session.tags)
        kept = [one for one in replay.feedback if one.kind in REPLAYED and not one.undone]
        told: list[Again] = []
        events: list[MessageRecord | FeedbackRecord] = [*asked, *kept]
        for event in sorted(events, key=lambda one: one.created_at):
            if isinstance(event, FeedbackRecord):
                _feel(bot, opened.session_id, event)
            elif len(told) < MOST_TURNS:
                told.append(_say(bot, opened.session_id, replay, event, edits))
        return told


def _feel(bot: Bot, session_id: str, said: FeedbackRecord) -> None:
    with suppress(NotFound):  # the item may have left the catalogue since
        bot.feedback(session_id, said.item_id, said.kind, said.value)


def _say(bot: Bot, session_id: str, replay: Replay, message: MessageRecord, edits: Mapping[str, str]) -> Again:
    text = edits.get(message.turn_id, "").strip() or message.text
    before = _shown_then(replay, message)
    changed = text != message.text
    try:
        reply = next(event for event in bot.reply(session_id, text) if isinstance(event, Reply))
    except ZhiyinError as error:
        return Again(message.turn_id, text, changed, before, why=str(error))
    return Again(message.turn_id, text, changed, before, reply.slate.cards, reply.text, reply.intent, reply.slate.unmet)


def _shown_then(replay: Replay, asked: MessageRecord) -> tuple[tuple[str, str], ...]:
    """What the answer to a message showed."""
    place = replay.messages.index(asked)
    answer = next((one for one in replay.messages[place + 1 :] if one.role == "bot"), None)
    slate = replay.answers.get(answer.turn_id) if answer else None
    shown = slate.impressions if slate else ()
    return tuple((card.item_id, str(replay.items.get(card.item_id, {}).get("title", card.item_id))) for card in shown)
