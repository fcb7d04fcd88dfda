"""The store: every read and write of Zhiyin's database, one transaction a method."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from storage import catalogue, conversation, exporting, feedback, privacy, requests, sessions
from storage.database import reading, writing
from storage.records import (
    FeedbackRecord,
    InterestChange,
    InterestRecord,
    ItemRecord,
    JsonObject,
    MessageRecord,
    RequestRecord,
    SessionRecord,
    SlateDraft,
    SlateRecord,
    TurnState,
)
from storage.reviewing.reviews import Reviews


class Store:
    """The database behind plain values. Safe to share between threads.

    Each method is one transaction: all of it is kept, or none. Each may raise StorageError (locked, full,
    read-only, damaged, unreachable); those that name a session raise NotFound where there is none.
    `session_life`: how long a session may lie unused before its token no longer opens it.
    """

    def __init__(self, engine: Engine, *, session_life: timedelta = timedelta(days=180)) -> None:
        self._engine = engine
        self._session_life = session_life
        self.reviews = Reviews(engine)
        """The reviewers' side of it."""

    # -- items

    def item_checksums(self) -> dict[str, str]:
        """Item id → checksum, for all items."""
        with reading(self._engine) as db:
            return catalogue.checksums(db)

    def catalogue_stamp(self) -> str:
        """Changes whenever an item is added, changed or removed; one cheap query."""
        with reading(self._engine) as db:
            return catalogue.stamp(db)

    def items(self) -> list[ItemRecord]:
        """All items, by id."""
        with reading(self._engine) as db:
            return catalogue.items(db)

    def save_items(self, records: Iterable[ItemRecord]) -> None:
        """Adds items, or replaces those with the same id; the last of several with one id counts."""
        with writing(self._engine) as db:
            catalogue.save(db, records)

    def delete_items(self, ids: Iterable[str]) -> int:
        """Removes items and says how many there were. What was shown and said of them stays."""
        with writing(self._engine) as db:
            return catalogue.delete_items(db, ids)

    # -- sessions

    def create_session(
        self,
        token: str,
        lang: str,
        visitor: str | None = None,
        domains: Sequence[str] = (),
        context: Mapping[str, Any] | None = None,
        *,
        site: str = "",
        tags: Sequence[str] = (),
    ) -> SessionRecord:
        """A new session with an empty interest. Only the token's SHA-256 is kept."""
        with writing(self._engine) as db:
            return sessions.create(db, token, lang, visitor, domains, context or {}, site, tags)

    def session(self, session_id: str) -> SessionRecord:
        """The session, or NotFound."""
        with reading(self._engine) as db:
            return sessions.get(db, session_id).record()

    def authorize(self, session_id: str, token: str) -> SessionRecord:
        """The session if the token is its own; else Unauthorized, or SessionExpired."""
        with reading(self._engine) as db:
            return sessions.authorize(db, session_id, token, self._session_life)

    def set_context(self, session_id: str, context: Mapping[str, Any]) -> None:
        """Keeps what the site says of the page that the visitor is on now."""
        with writing(self._engine) as db:
            sessions.set_context(db, session_id, context)

    def delete_session(self, session_id: str) -> None:
        """Removes the session and all that is held on it."""
        with writing(self._engine) as db:
            privacy.delete_session(db, session_id)

    def export_session(self, session_id: str) -> dict[str, Any]:
        """All that is held on a session, as JSON values (times in ISO 8601)."""
        with reading(self._engine) as db:
            return privacy.export_session(db, session_id)

    # -- calls that may come twice

    def claim_request(self, session_id: str, key: str, fingerprint: str, lease: timedelta) -> RequestRecord | None:
        """Takes an idempotency key for a call: None, or the earlier call that has it.

        A call that has had no answer at all for longer than `lease` has died; its key is taken over.
        """
        with writing(self._engine) as db:
            return requests.claim(db, session_id, key, fingerprint, lease)

    def answer_request(self, session_id: str, key: str, said: JsonObject) -> None:
        """Keeps what a call with a key was answered, or the part of it that is known."""
        with writing(self._engine) as db:
            requests.answer(db, session_id, key, said)

    def release_request(self, session_id: str, key: str) -> None:
        """Gives a key back, since nothing was done for it."""
        with writing(self._engine) as db:
            requests.release(db, session_id, key)

    # -- conversation

    def load_turn(self, session_id: str) -> TurnState:
        """What a turn starts from, as it stood at one moment."""
        with reading(self._engine) as db:
            return conversation.load_turn(db, session_id)

    def add_user_message(self, session_id: str, text: str, lang: str) -> MessageRecord:
        """Keeps what the visitor said; it is safe when this returns."""
        with writing(self._engine) as db:
            return conversation.add_user_message(db, session_id, text, lang)

    def start_reply(
        self,
        session_id: str,
        *,
        lang: str,
        intent: str,
        understanding: JsonObject,
        slate: SlateDraft | None,
        interest: InterestChange,
        moment: JsonObject | None = None,
    ) -> MessageRecord:
        """Keeps the beginning of a reply at once: the bot's message, still incomplete, its slate if there is
        one, and the new interest; `moment`: that interest as a person reads it, for a later look back.

        Raises Conflict, and keeps nothing, if the interest was written by somebody else meanwhile.
        """
        with writing(self._engine) as db:
            return conversation.start_reply(
                db,
                session_id,
                lang=lang,
                intent=intent,
                understanding=understanding,
                slate=slate,
                interest=interest,
                moment=moment,
            )

    def finish_reply(
        self,
        turn_id: str,
        *,
        text: str,
        lines: Mapping[str, str],
        line_outcomes: Mapping[str, JsonObject],
        timings: Mapping[str, float],
        complete: bool = True,
    ) -> None:
        """Keeps a reply's words; `complete=False` for one that was cut off. NotFound if the turn is gone."""
        with writing(self._engine) as db:
            conversation.finish_reply(
                db,
                turn_id,
                text=text,
                lines=lines,
                line_outcomes=line_outcomes,
                timings=timings,
                complete=complete,
            )

    def add_slate(self, session_id: str, slate: SlateDraft, turn_id: str | None = None) -> SlateRecord:
        """Keeps a slate that was shown without words."""
        with writing(self._engine) as db:
            return conversation.add_slate(db, session_id, slate, turn_id)

    def messages(self, session_id: str, limit: int | None = None, before: str | None = None) -> list[MessageRecord]:
        """The session's messages in the order they came; the last `limit` of those before the turn `before`.

        Raises NotFound where the session has no such turn.
        """
        with reading(self._engine) as db:
            return conversation.messages(db, session_id, limit, before)

    def slates(self, session_id: str) -> list[SlateRecord]:
        """The session's slates in the order they were shown."""
        with reading(self._engine) as db:
            return conversation.slates(db, session_id)

    def mark_seen(self, session_id: str, slate_id: str, item_ids: Collection[str]) -> None:
        """Notes that cards of a slate were truly in sight; the first time counts. NotFound for a foreign slate."""
        with writing(self._engine) as db:
            conversation.mark_seen(db, session_id, slate_id, item_ids)

    def shown_item_ids(self, session_id: str) -> list[str]:
        """Each item shown in the session once, in the order it was first shown."""
        with reading(self._engine) as db:
            sessions.get(db, session_id)
            return conversation.shown_item_ids(db, session_id)

    # -- interest

    def interest(self, session_id: str) -> InterestRecord:
        """The session's interest state."""
        with reading(self._engine) as db:
            return sessions.interest(db, session_id)

    def visitor_history(self, visitor: str | None, limit: int = 20, site: str = "") -> list[InterestRecord]:
        """The interest states of a visitor's sessions, the last used first; what was fed back is their evidence.

        Each site has its own visitors. Sessions in which nothing was said or done are passed over. Nothing for a
        visitor without an id. Whoever calls this has made sure that the visitor is who the id says.
        """
        if not visitor:
            return []
        with reading(self._engine) as db:
            return sessions.visitor_history(db, visitor, limit, site)

    def save_interest(self, session_id: str, interest: InterestChange) -> InterestRecord:
        """Keeps a new interest state. Raises Conflict if it was written by somebody else meanwhile."""
        with writing(self._engine) as db:
            return sessions.change_interest(db, session_id, interest)

    # -- feedback

    def add_feedback(
        self,
        session_id: str,
        item_id: str,
        kind: str,
        value: float | None = None,
        turn_id: str | None = None,
        interest: InterestChange | None = None,
    ) -> FeedbackRecord:
        """Keeps feedback and, where it moves the interest, the new interest too; Conflict keeps neither."""
        with writing(self._engine) as db:
            return feedback.add(db, session_id, item_id, kind, value, turn_id, interest)

    def undo_feedback(self, session_id: str, item_id: str, interest: InterestChange | None = None) -> FeedbackRecord:
        """Marks the session's last standing feedback on an item as undone, and gives it back so marked.

        Raises NotFound if there is none, Conflict as `add_feedback` does.
        """
        with writing(self._engine) as db:
            return feedback.undo(db, session_id, item_id, interest)

    def feedback(self, session_id: str) -> list[FeedbackRecord]:
        """The session's feedback in the order it came, with what was undone marked so."""
        with reading(self._engine) as db:
            sessions.get(db, session_id)
            return feedback.of_session(db, session_id)

    def feedback_counts(self) -> dict[str, dict[str, int]]:
        """Item id → kind → how often, over all sessions; what was undone does not count."""
        with reading(self._engine) as db:
            return feedback.counts(db)

    # -- export

    def export(self, out_dir: Path) -> dict[str, int]:
        """Writes conversations.jsonl, feedback.jsonl and impressions.jsonl, and says how many lines each has.

        All three show the same moment. Raises InputError if the folder cannot be written.
        """
        with reading(self._engine) as db:
            return exporting.export(db, out_dir)
