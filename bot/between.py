"""What happens between turns: opening a session, feedback, the visitor's own changes, looking things up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import isclose
from typing import Any, TypeVar

from bot.interest.edit import edit, reworded, with_vectors
from bot.interest.feedback import feel
from bot.interest.profile import profile_of, with_profile
from bot.interest.state import Interest, from_state, to_state
from bot.keeping import as_lang, checked_feedback, slate_draft
from bot.mind import Mind, encoded
from bot.policy.shown import impression_of, request_shown
from bot.policy.slates import page_item, request_for
from bot.recommending.why import Inquiry, Why
from bot.reply import Because, Card, Slate
from bot.watching import Watchers
from errors import Conflict, Lang, NotFound
from retrieval.items import Item
from storage.records import FeedbackRecord, ImpressionRecord, InterestChange, SessionRecord, TurnState, new_id
from storage.store import Store

T = TypeVar("T")

SAME_SCORE = 1e-3
"""Scores nearer than this are one."""
WRITE_TRIES = 5
"""How often a change of the interest is made again when another turn or click came first."""


class BetweenTurns:
    """Everything that a conversation needs beside its turns. Holds no session.

    `mind` is asked at each call, so that models can load, and a catalogue be swapped, while it runs; it raises
    NotReady until there is one.
    """

    def __init__(self, store: Store, mind: Callable[[], Mind]) -> None:
        self.store = store
        self._mind = mind
        self.watchers = Watchers()
        """Who is told of what happens."""

    def open_session(
        self,
        token: str,
        lang: Lang,
        visitor: str | None = None,
        domains: Sequence[str] = (),
        context: Mapping[str, Any] | None = None,
        *,
        proved: bool = True,
        site: str = "",
        tags: Sequence[str] = (),
    ) -> tuple[SessionRecord, Slate]:
        """A new session and a first slate: different directions, or for a visitor who returns, what they liked.

        `proved`: whether the caller knows that the visitor is who the id says. Where anybody may give any id, it is
        kept, but nothing of earlier sessions is looked up for it. `site`, `domains`, `tags`: where it is opened, and
        the part of the catalogue that is shown there.
        """
        mind = self._mind()
        session = self.store.create_session(token, lang, visitor, domains, context, site=site, tags=tags)
        start = self._returning(mind, session) if proved else None
        return session, self._show(mind, session.session_id, lang, start)

    def slate(self, session_id: str) -> Slate:
        """A slate for the interest as it is now, without words."""
        session = self.store.session(session_id)
        return self._show(self._mind(), session_id, as_lang(session.lang))

    def look_at(self, session_id: str, item_id: str | None) -> None:
        """Notes which item's page the visitor is on now, None for none; it is what "this" means from here on.

        Where it is the page they were on already, what was spoken of since stays what is meant.
        """
        mind, session = self._mind(), self.store.session(session_id)
        if session.context.get("item_id") == item_id:
            return
        self.store.set_context(session_id, {**session.context, "item_id": item_id})

        def move(interest: Interest) -> Interest:
            page = page_item(mind, self.store.load_turn(session_id))
            return replace(interest, dialogue=replace(interest.dialogue, focus=(page,) if page else ()))

        self._moved(mind, session_id, move, lambda change: self.store.save_interest(session_id, change))

    def feedback(
        self,
        session_id: str,
        item_id: str,
        kind: str,
        value: float | None = None,
        turn_id: str | None = None,
        key: str | None = None,
    ) -> FeedbackRecord:
        """Keeps feedback and lets it move the interest at once; the item is what is spoken of then.

        `key`: the call's idempotency key, which is answered in the same step. Raises InputError, NotFound.
        """
        mind = self._mind()
        value = checked_feedback(kind, value)
        if item_id not in mind.recommender.shelf.catalogue.position:
            raise NotFound(what="item", id=item_id)

        def move(interest: Interest) -> Interest:
            moved = feel(interest, item_id, kind, value, turn_id or "", mind.recommender.interest_parameters)
            return moved if kind == "undo" else replace(moved, dialogue=replace(moved.dialogue, focus=(item_id,)))

        def keep(change: InterestChange) -> FeedbackRecord:
            if kind == "undo":
                return self.store.undo_feedback(session_id, item_id, change, key)
            return self.store.add_feedback(session_id, item_id, kind, value, turn_id, change, key)

        kept = self._moved(mind, session_id, move, keep)[1]
        self.watchers.felt(kind)
        return kept

    def edit_interest(
        self,
        session_id: str,
        remove: Sequence[str] = (),
        pin: Sequence[str] = (),
        weaken: Sequence[str] = (),
        unpin: Sequence[str] = (),
    ) -> Interest:
        """The interest after the visitor's own changes, by label. Raises InputError for an unknown one, NotFound."""
        mind = self._mind()

        def move(interest: Interest) -> Interest:
            edited = edit(interest, remove, pin, weaken, unpin, mind.recommender.interest_parameters)
            texts = reworded(interest, edited)
            return with_vectors(edited, dict(zip(texts, encoded(mind, list(texts.values())), strict=True)))

        return self._moved(mind, session_id, move, lambda change: self.store.save_interest(session_id, change))[0]

    def why(self, session_id: str, item_id: str) -> Why:
        """Why an item was shown, or would be, for the interest as it is now. Raises NotFound."""
        mind = self._mind()
        self.item(item_id)
        state, slates = self.store.load_turn(session_id), self.store.slates(session_id)
        messages = self.store.messages(session_id)
        request = request_shown(mind, state, interest_of(mind, state), item_id, slates, messages)
        why = Inquiry(mind.recommender, partial(encoded, mind)).why(item_id, request)
        shown = impression_of(item_id, slates)
        return replace(why, moved=shown is not None and not isclose(shown[1].score, why.score, abs_tol=SAME_SCORE))

    def item(self, item_id: str) -> Item:
        """An item of the catalogue. Raises NotFound."""
        catalogue = self._mind().recommender.shelf.catalogue
        if item_id not in catalogue.position:
            raise NotFound(what="item", id=item_id)
        return catalogue.items[catalogue.position[item_id]]

    def items(self) -> tuple[Item, ...]:
        """The whole catalogue. Raises NotReady."""
        return self._mind().recommender.shelf.catalogue.items

    def similar(
        self,
        item_id: str,
        lang: Lang,
        size: int | None = None,
        domains: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Slate:
        """The items most like one, by the similarity that the settings name. `domains`, `tags`: the part of the
        catalogue that they are from, none for all of it. Raises NotFound."""
        mind = self._mind()
        self.item(item_id)
        return mind.recommender.similar(item_id, lang, size or mind.slate_size, domains, tags)

    def interest(self, session_id: str) -> Interest:
        """The session's interest as it is now."""
        return interest_of(self._mind(), self.store.load_turn(session_id))

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

    def _returning(self, mind: Mind, session: SessionRecord) -> Callable[[Interest], Interest]:
        """What a visitor's earlier sessions add to a fresh interest."""
        states = [visit.state for visit in self.store.visitor_history(session.visitor, site=session.site)]
        profile = profile_of(states, mind.encoder.dimension, mind.recommender.interest_parameters)
        return lambda interest: with_profile(interest, profile)

    def _show(
        self, mind: Mind, session_id: str, lang: Lang, start: Callable[[Interest], Interest] | None = None
    ) -> Slate:
        """A stored slate without words; it is what the visitor may refer to next."""
        start = start or _as_it_is
        state = self.store.load_turn(session_id)
        page = page_item(mind, state)
        slate = mind.recommender.slate(request_for(mind, state, start(interest_of(mind, state)), lang), new_id())
        shown = tuple(card.item.id for card in slate.cards)
        self.store.add_slate(session_id, slate_draft(slate))

        def move(interest: Interest) -> Interest:
            begun = start(interest)
            talk = replace(begun.dialogue, slate=shown or begun.dialogue.slate, focus=(page,) if page else ())
            return replace(begun, dialogue=talk)

        self._moved(mind, session_id, move, lambda change: self.store.save_interest(session_id, change))
        return slate

    def _moved(
        self, mind: Mind, session_id: str, move: Callable[[Interest], Interest], keep: Callable[[InterestChange], T]
    ) -> tuple[Interest, T]:
        """Moves the interest and keeps it; made again if a turn or a click came in between."""
        for _ in range(WRITE_TRIES):
            state = self.store.load_turn(session_id)
            moved = move(interest_of(mind, state))
            try:
                return moved, keep(InterestChange(to_state(moved), state.interest.version))
            except Conflict:
                continue
        raise busy()


def _as_it_is(interest: Interest) -> Interest:
    return interest


def interest_of(mind: Mind, state: TurnState) -> Interest:
    """The interest as it was stored."""
    return from_state(state.interest.state, mind.encoder.dimension)


def busy() -> Conflict:
    """The session is being changed by others again and again."""
    return Conflict(zh_reason="这次会话正被别处改动", reason="this conversation is being changed elsewhere")
