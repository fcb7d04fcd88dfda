"""The pipeline: a message in, a slate and streamed words out. `Bot.reply` shows the whole of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from threading import Event

from bot.between import WRITE_TRIES, BetweenTurns, busy, interest_of
from bot.interest.state import Interest, to_state
from bot.keeping import (
    TEXT_LIMIT,
    as_lang,
    checked_text,
    moment_json,
    slate_draft,
    turn_id_of,
    understanding_json,
)
from bot.mind import Heard, Mind, encode
from bot.phrasing.outcomes import words_of
from bot.phrasing.phraser import Writing
from bot.policy.decision import Decision, decide, next_dialogue
from bot.policy.script import script
from bot.policy.slates import context_of, in_its_scope, named_items, page_item, slate_for
from bot.reply import Reply, ReplyEvent, Slate
from bot.running import Running
from bot.understanding.turn import Turn
from bot.watching import Stopwatch, Turned
from errors import Conflict, NotFound
from storage.records import InterestChange, TurnState
from storage.store import Store

__all__ = ["TEXT_LIMIT", "Bot", "Mind", "as_lang"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """A turn as it was decided and stored: what was said, what is done and shown, and the interest after it."""

    reply_id: str
    turn: Turn
    decision: Decision
    slate: Slate
    interest: Interest


class Bot(BetweenTurns):
    """Conversations over one store. Holds no session: any replica can serve the next turn.

    `replicas`: whether other processes answer from the same store.
    """

    def __init__(self, store: Store, mind: Callable[[], Mind], *, replicas: bool = False) -> None:
        super().__init__(store, mind)
        self.running = Running()
        self.replicas = replicas

    def reply(
        self, session_id: str, text: str, stop: Event | None = None, key: str | None = None
    ) -> Generator[ReplyEvent, None, None]:
        """Answers a message: yields the Slate before any word, then Deltas, then the Reply.

        The message is stored before it is answered. A newer message of the same session, closing the iterator,
        or setting `stop`, cuts the reply off; it is then stored as incomplete. `key`: the call's idempotency key, which
        is answered as the reply is stored. Raises InputError, NotFound, NotReady, StorageError before the first event.
        """
        text = checked_text(text)
        with self.running.taking_over(session_id, stop or Event()) as stop:
            mind, watch = self._mind(), Stopwatch()
            with mind.slates.slate():
                watch.lap("wait")
                heard, step = self._slate(mind, session_id, text, watch, key)
            yield step.slate
            named = named_items(mind, step.decision.items, heard.turn.lang)
            lines = script(step.decision, heard.turn, step.slate, step.interest, named)
            writing = mind.phraser.write(lines.requests, stop, lines.floor, lines.fixed, lines.after)
            yield from self._speak(mind, session_id, step, writing, stop, watch)

    def _slate(self, mind: Mind, session_id: str, text: str, watch: Stopwatch, key: str | None) -> tuple[Heard, Step]:
        """Understands a message, which is stored, and makes the slate that answers it."""
        state = self.store.load_turn(session_id)
        context = context_of(mind, state, interest_of(mind, state))
        turn = mind.understander.understand(text, as_lang(state.session.lang), context)
        turn = in_its_scope(mind, state, turn)
        said = self.store.add_user_message(session_id, text, turn.lang, turn_id_of(session_id, key) if key else None)
        watch.lap("understand")
        heard = encode(mind, turn)
        watch.lap("encode")
        step = self._step(mind, session_id, state, heard, said.turn_id, watch, key)
        watch.lap("store")
        return heard, step

    def _step(
        self,
        mind: Mind,
        session_id: str,
        state: TurnState,
        heard: Heard,
        turn_id: str,
        watch: Stopwatch,
        key: str | None,
    ) -> Step:
        """Moves the interest, decides, makes the slate and stores all; made again if a click came in between."""
        turn, parameters = heard.turn, mind.recommender.interest_parameters
        for _ in range(WRITE_TRIES):
            before = interest_of(mind, state)
            after = mind.hear(before, turn, heard.vectors, turn_id, parameters, named=heard.named, titles=heard.titles)
            watch.lap("update")
            decision, slate = slate_for(mind, state, decide(turn, before, after), turn, after, turn_id)
            after = replace(after, dialogue=next_dialogue(after.dialogue, decision, slate, page_item(mind, state)))
            watch.lap("recommend")
            try:
                reply = self.store.start_reply(
                    session_id,
                    lang=turn.lang,
                    intent=turn.intent,
                    understanding=understanding_json(turn, decision),
                    slate=slate_draft(slate),
                    interest=InterestChange(to_state(after), state.interest.version),
                    answered=(key, {"slate": slate.as_json()}) if key else None,
                    moment=moment_json(after),
                )
            except Conflict:
                state = self.store.load_turn(session_id)
                continue
            return Step(reply.turn_id, turn, decision, slate, after)
        raise busy()

    def _speak(
        self, mind: Mind, session_id: str, step: Step, writing: Writing, stop: Event, watch: Stopwatch
    ) -> Generator[ReplyEvent, None, None]:
        """Streams the words; whatever happens, what was said is stored."""
        said: dict[str, str] = {}
        complete = False
        try:
            for delta in writing:
                if not said:
                    watch.lap("first_words")
                said[delta.part] = said.get(delta.part, "") + delta.text
                yield delta
            complete = not stop.is_set()
        finally:
            stop.set()
            watch.lap("words")
            text = said.pop("opening", "")
            self._finish(step.reply_id, text, said, writing, watch, complete)
            words, reason = words_of([line.as_json() for line in writing.lines.values()])
            intent = step.decision.intent
            reply = Reply(step.reply_id, step.slate, text, said, intent, complete, watch.timings, words, reason)
            outcomes = tuple(line.outcome for line in writing.lines.values())
            model = mind.phraser.model.name if mind.phraser.model else ""
            turn = step.turn
            self.watchers.turned(Turned(session_id, turn.text, turn.lang, reply, tuple(watch.laps), model, outcomes))
        yield reply

    def _finish(
        self,
        reply_id: str,
        text: str,
        lines: Mapping[str, str],
        writing: Writing,
        watch: Stopwatch,
        complete: bool,
    ) -> None:
        try:
            self.store.finish_reply(
                reply_id,
                text=text,
                lines=lines,
                line_outcomes={part: line.as_json() for part, line in writing.lines.items()},
                timings=watch.timings,
                complete=complete,
            )
        except NotFound:
            log.info("the conversation of reply %s was deleted while it was answered", reply_id)

    def cancel(self, session_id: str) -> None:
        """Cuts off the reply that is running in the session, if there is one."""
        self.running.cancel(session_id)

    def replying(self, session_id: str) -> bool:
        """Whether a reply is running in the session, in this process."""
        return session_id in self.running
