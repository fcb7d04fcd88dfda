"""The pipeline: a message in, a slate and streamed words out. `Bot.reply` shows the whole of it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from bot.interest.state import FloatArray, Interest, from_state, to_state
from bot.interest.update import feel, hear, unit
from bot.phrasing.phraser import Phraser, Writing
from bot.policy import fixed_parts, floor_sentences, line_requests, opening_intent, wants_slate
from bot.recommend import Recommender, Request
from bot.reply import Because, Card, Reply, ReplyEvent, Slate
from bot.understanding.turn import Intent, Turn
from bot.understanding.understand import Understander
from errors import Conflict, InputError, Lang, NotFound, TextTooLong
from retrieval.items import Item
from storage.records import (
    FeedbackRecord,
    ImpressionRecord,
    InterestChange,
    SessionRecord,
    SlateDraft,
    TurnState,
    new_id,
)
from storage.store import Store

if TYPE_CHECKING:
    from retrieval.encoder import TextEncoder

log = logging.getLogger(__name__)

TEXT_LIMIT = 2_000
FEEDBACK_KINDS = ("like", "dislike", "hide", "click", "browse", "purchase", "rating", "undo")
VALUED_KINDS = {"rating": (1.0, 5.0), "browse": (0.0, 86_400.0)}
WRITE_TRIES = 5
"""How often a change of the interest is made again when another turn or click came first."""


@dataclass(frozen=True)
class Mind:
    """What answers: everything that is built from one catalogue and one set of models. Read-only."""

    understander: Understander
    recommender: Recommender
    encoder: TextEncoder
    phraser: Phraser
    slate_size: int = 3


class Stopwatch:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to this stage."""
        now = perf_counter()
        self.timings[stage] = self.timings.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now


class Bot:
    """Conversations over one store. Holds no session: any replica can serve the next turn.

    `mind` is asked at each turn, so that models can load, and a catalogue be swapped, while it runs; it raises
    NotReady until there is one.
    """

    def __init__(self, store: Store, mind: Callable[[], Mind]) -> None:
        self.store = store
        self._mind = mind
        self._running: dict[str, Event] = {}

    # -- a turn

    def reply(self, session_id: str, text: str) -> Generator[ReplyEvent, None, None]:
        """Answers a message: yields the Slate before any word, then Deltas, then the Reply.

        The message is stored before it is answered. A newer message of the same session, or closing the
        iterator, cuts the reply off; it is then stored as incomplete. Raises InputError, NotFound, NotReady,
        StorageError before the first event.
        """
        text = checked_text(text)
        mind, watch = self._mind(), Stopwatch()
        stop = self._take_over(session_id)
        state = self.store.load_turn(session_id)
        turn = mind.understander.understand(text, as_lang(state.session.lang))
        said = self.store.add_user_message(session_id, text, turn.lang)
        watch.lap("understand")
        vectors = encode_wishes(mind, turn)
        watch.lap("encode")
        slate, reply_id, interest = self._commit_slate(mind, session_id, state, turn, vectors, said.turn_id, watch)
        watch.lap("store")
        yield slate
        intent = opening_intent(turn, state, slate, self._interest(mind, state), interest)
        requests = line_requests(turn, intent, slate, interest)
        writing = mind.phraser.write(requests, stop, floor_sentences(turn, intent, slate), fixed_parts(intent, slate))
        yield from self._speak(session_id, reply_id, slate, writing, intent, stop, watch)

    def _commit_slate(
        self,
        mind: Mind,
        session_id: str,
        state: TurnState,
        turn: Turn,
        vectors: Sequence[FloatArray],
        turn_id: str,
        watch: Stopwatch,
    ) -> tuple[Slate, str, Interest]:
        """Moves the interest, makes the slate and stores both; made again if a click came in between."""
        for _ in range(WRITE_TRIES):
            interest = hear(self._interest(mind, state), turn, vectors, turn_id, mind.recommender.interest_parameters)
            watch.lap("update")
            slate = Slate(new_id())
            if wants_slate(turn):
                request = slate_request(mind, state, interest, turn.lang, turn_id)
                if turn.intent is Intent.ANYTHING:
                    request = replace(request, anything=True)
                elif turn.wishes:
                    # What the opening drew before anybody had spoken must not be missing from what is asked for.
                    request = replace(request, shown=set(state.shown_ids) - set(state.opening_ids))
                slate = mind.recommender.slate(request, slate.slate_id)
            watch.lap("recommend")
            try:
                reply = self.store.start_reply(
                    session_id,
                    lang=turn.lang,
                    intent=turn.intent,
                    understanding=understanding_json(turn),
                    slate=slate_draft(slate),
                    interest=InterestChange(to_state(interest), state.interest.version),
                )
            except Conflict:
                state = self.store.load_turn(session_id)
                continue
            return slate, reply.turn_id, interest
        raise Conflict(zh_reason="这次会话正被别处改动", reason="this conversation is being changed elsewhere")

    def _speak(
        self,
        session_id: str,
        reply_id: str,
        slate: Slate,
        writing: Writing,
        intent: str,
        stop: Event,
        watch: Stopwatch,
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
            if self._running.get(session_id) is stop:
                del self._running[session_id]
            watch.lap("words")
            text = said.pop("opening", "")
            self._finish(reply_id, text, said, writing, watch, complete)
        yield Reply(reply_id, slate, text, said, intent, complete, watch.timings)

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
                line_outcomes={part: line.outcome for part, line in writing.lines.items()},
                timings=watch.timings,
                complete=complete,
            )
        except NotFound:
            log.info("the conversation of reply %s was deleted while it was answered", reply_id)

    def _take_over(self, session_id: str) -> Event:
        """A fresh stop signal; a reply that is still running in this session is cut off."""
        if running := self._running.get(session_id):
            running.set()
        stop = self._running[session_id] = Event()
        return stop

    # -- beside the turns

    def open_session(
        self,
        token: str,
        lang: Lang,
        visitor: str | None = None,
        domains: Sequence[str] = (),
        context: Mapping[str, Any] | None = None,
    ) -> tuple[SessionRecord, Slate]:
        """A new session and a first slate of different directions."""
        mind = self._mind()
        session = self.store.create_session(token, lang, visitor, domains, context)
        slate = self._stored_slate(mind, session.session_id, lang)
        return session, slate

    def slate(self, session_id: str) -> Slate:
        """A slate for the interest as it is now, without words."""
        session = self.store.session(session_id)
        return self._stored_slate(self._mind(), session_id, as_lang(session.lang))

    def feedback(
        self, session_id: str, item_id: str, kind: str, value: float | None = None, turn_id: str | None = None
    ) -> FeedbackRecord:
        """Keeps feedback and lets it move the interest at once. Raises InputError, NotFound."""
        mind = self._mind()
        value = checked_feedback(kind, value)
        if item_id not in mind.recommender.shelf.catalogue.position:
            raise NotFound(what="item", id=item_id)
        for _ in range(WRITE_TRIES):
            state = self.store.load_turn(session_id)
            moved = feel(self._interest(mind, state), item_id, kind, value, turn_id or "")
            change = InterestChange(to_state(moved), state.interest.version)
            try:
                if kind == "undo":
                    return self.store.undo_feedback(session_id, item_id, change)
                return self.store.add_feedback(session_id, item_id, kind, value, turn_id, change)
            except Conflict:
                continue
        raise Conflict(zh_reason="这次会话正被别处改动", reason="this conversation is being changed elsewhere")

    def item(self, item_id: str) -> Item:
        """An item of the catalogue. Raises NotFound."""
        catalogue = self._mind().recommender.shelf.catalogue
        if item_id not in catalogue.position:
            raise NotFound(what="item", id=item_id)
        return catalogue.items[catalogue.position[item_id]]

    def similar(self, item_id: str, lang: Lang) -> Slate:
        """The items most like one, by the similarity that the settings name."""
        mind = self._mind()
        self.item(item_id)
        return mind.recommender.similar(item_id, lang, mind.slate_size)

    def domains(self, lang: Lang) -> list[tuple[str, str]]:
        """(domain, its commonest category in the language) for each domain of the catalogue."""
        return domain_categories(self._mind().recommender.shelf.catalogue.items, lang)

    def interest(self, session_id: str) -> Interest:
        """The session's interest as it is now."""
        return self._interest(self._mind(), self.store.load_turn(session_id))

    def cards(self, slates: Sequence[tuple[str, Sequence[ImpressionRecord]]], lang: Lang) -> dict[str, list[Card]]:
        """Stored slates as cards again, by slate id; items that are gone from the catalogue are left out."""
        return {slate_id: [card for i in shown if (card := self._card(i, lang))] for slate_id, shown in slates}

    def _card(self, shown: ImpressionRecord, lang: Lang) -> Card | None:
        catalogue = self._mind().recommender.shelf.catalogue
        position = catalogue.position.get(shown.item_id)
        if position is None:
            return None
        because = tuple(Because(b["kind"], b["text"], b.get("turn_id")) for b in shown.because)
        return Card(catalogue.items[position].localized(lang), shown.score, shown.parts, because)

    def _stored_slate(self, mind: Mind, session_id: str, lang: Lang) -> Slate:
        state = self.store.load_turn(session_id)
        interest = self._interest(mind, state)
        slate = mind.recommender.slate(slate_request(mind, state, interest, lang), new_id())
        self.store.add_slate(session_id, slate_draft(slate))
        return slate

    def _interest(self, mind: Mind, state: TurnState) -> Interest:
        return from_state(state.interest.state, mind.encoder.dimension)


def domain_categories(items: Sequence[Item], lang: Lang) -> list[tuple[str, str]]:
    """(domain, its commonest category in the language), in order of first appearance."""
    counts: dict[str, Counter[str]] = {}
    for item in items:
        counts.setdefault(item.domain, Counter())[item.localized(lang).category or item.domain] += 1
    return [(domain, categories.most_common(1)[0][0]) for domain, categories in counts.items()]


def checked_text(text: str) -> str:
    """The message without outer space. Raises InputError for an empty one, TextTooLong over the limit."""
    text = text.strip().replace("\x00", "")
    if not text:
        raise InputError(field="text", zh_reason="说点什么吧，这是空的", reason="it is empty; please say something")
    if len(text) > TEXT_LIMIT:
        raise TextTooLong(field="text", limit=TEXT_LIMIT, length=len(text))
    return text


def checked_feedback(kind: str, value: float | None) -> float | None:
    """The feedback's value if kind and value go together. Raises InputError."""
    if kind not in FEEDBACK_KINDS:
        allowed = ", ".join(FEEDBACK_KINDS)
        raise InputError(field="kind", zh_reason=f"只能是 {allowed}", reason=f"allowed: {allowed}")
    if kind not in VALUED_KINDS:
        return None
    low, high = VALUED_KINDS[kind]
    if value is None or not low <= value <= high:
        raise InputError(
            field="value",
            zh_reason=f"应在 {low:g} 到 {high:g} 之间",
            reason=f"from {low:g} to {high:g} for {kind}",
        )
    return value


def encode_wishes(mind: Mind, turn: Turn) -> list[FloatArray]:
    """One centred unit vector [d] for each wish of the turn; items named in it pull it to themselves."""
    if not turn.wishes:
        return []
    catalogue, vocabulary = mind.recommender.shelf.catalogue, mind.understander.vocabulary
    raw = mind.encoder.encode([wish.text for wish in turn.wishes], "query")
    vectors = []
    for wish, row in zip(turn.wishes, raw, strict=True):
        named = vocabulary.titled([facet for term in wish.terms for facet in term.facets])
        vectors.append(unit(unit(row - catalogue.centre) + catalogue.centred[named].sum(axis=0)))
    return vectors


def slate_request(mind: Mind, state: TurnState, interest: Interest, lang: Lang, said_at: str = "") -> Request:
    """What the recommender is asked for in this session."""
    session = state.session
    return Request(
        interest=interest,
        lang=lang,
        size=mind.slate_size,
        shown=state.shown_ids,
        domains=session.domains,
        said_at=said_at,
        seed=crc32(session.session_id.encode()) + len(state.shown_ids),
    )


def slate_draft(slate: Slate) -> SlateDraft:
    """A slate as it is stored: the impressions with rank, score, parts and reasons."""
    return SlateDraft(
        impressions=tuple(
            ImpressionRecord(
                rank,
                card.item.id,
                card.score,
                card.parts,
                tuple(because.as_json() for because in card.because),
            )
            for rank, card in enumerate(slate.cards, 1)
        ),
        unmet=slate.unmet,
        slate_id=slate.slate_id,
    )


def understanding_json(turn: Turn) -> dict[str, Any]:
    """What was heard, as JSON values, for the record."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(turn), default=sorted))
    return plain


def as_lang(lang: str) -> Lang:
    """A stored language code as one of the two."""
    return "zh" if lang == "zh" else "en"
