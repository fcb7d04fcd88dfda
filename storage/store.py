"""The store: every read and write of Zhiyin's database, one transaction a method."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage import catalogue, conversation, exporting, feedback, judging, keys, privacy, requests, retention, sessions
from storage.aggregates import Aggregates, aggregates
from storage.database import compact, forget_log, reading, repeated, writing
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

    def close(self) -> None:
        """Gives back the connections."""
        self._engine.dispose()

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
        self._save_items(list(records))

    @repeated
    def _save_items(self, records: Sequence[ItemRecord]) -> None:
        with writing(self._engine) as db:
            catalogue.save(db, records)

    def delete_items(self, ids: Iterable[str]) -> int:
        """Removes items and says how many there were. What was shown and said of them stays."""
        return self._delete_items(sorted(set(ids)))

    @repeated
    def _delete_items(self, ids: Sequence[str]) -> int:
        with writing(self._engine) as db:
            return catalogue.delete_items(db, ids)

    # -- sessions

    @repeated
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

    @repeated
    def set_context(self, session_id: str, context: Mapping[str, Any]) -> None:
        """Keeps what the site says of the page that the visitor is on now."""
        with writing(self._engine) as db:
            sessions.set_context(db, session_id, context)

    @repeated
    def delete_session(self, session_id: str) -> None:
        """Removes the session and all that is held on it, from the log of the database too."""
        with writing(self._engine) as db:
            privacy.delete_session(db, session_id)
        forget_log(self._engine)

    def export_session(self, session_id: str) -> dict[str, Any]:
        """All that is held on a session, as JSON values (times in ISO 8601)."""
        with reading(self._engine) as db:
            return privacy.export_session(db, session_id)

    def export_visitor(self, visitor: str, site: str | None = None) -> list[dict[str, Any]]:
        """All that is held on a visitor: their sessions as `export_session` gives them. `site` None: on all sites."""
        with reading(self._engine) as db:
            mine = privacy.visitor_sessions(db, visitor, site)
            return [privacy.export_session(db, session_id) for session_id in mine]

    @repeated
    def forget_visitor(self, visitor: str, site: str | None = None) -> int:
        """Removes all that is held on a visitor, and says how many sessions that were."""
        with writing(self._engine) as db:
            gone = privacy.forget_visitor(db, visitor, site)
        forget_log(self._engine)
        return gone

    def too_old(self, days: int) -> int:
        """How many sessions were last used more than so many days ago."""
        return retention.too_old(self._engine, days)

    def retain(self, days: int, archive_dir: Path | None = None) -> int:
        """Removes what is older than that and says how many sessions that were; see `storage.retention`."""
        return retention.retain(self._engine, days, archive_dir)

    def read_archive(self, path: Path) -> list[str]:
        """The lines of an archive that `retain` wrote, each a session as JSON."""
        return retention.read_archive(path, self._engine)

    def rotate_keys(self, progress: Callable[[float], None] = lambda share: None) -> int:
        """Seals all texts with the first key (or opens them, where the store keeps in clear), and says how many rows
        changed; what was there before is not left in the file. See `storage.keys`."""
        changed = keys.rotate(self._engine, writing, progress)
        compact(self._engine)
        return changed

    # -- calls that may come twice

    @repeated
    def claim_request(self, session_id: str, key: str, fingerprint: str, lease: timedelta) -> RequestRecord | None:
        """Takes an idempotency key for a call: None, or the earlier call that has it.

        A call that has had no answer at all for longer than `lease` has died; its key is taken over.
        """
        with writing(self._engine) as db:
            return requests.claim(db, session_id, key, fingerprint, lease)

    @repeated
    def answer_request(self, session_id: str, key: str, said: JsonObject) -> None:
        """Keeps what a call with a key was answered, or the part of it that is known."""
        with writing(self._engine) as db:
            requests.answer(db, session_id, key, said)

    @repeated
    def release_request(self, session_id: str, key: str) -> None:
        """Gives a key back, since nothing was done for it."""
        with writing(self._engine) as db:
            requests.release(db, session_id, key)

    # -- conversation

    def load_turn(self, session_id: str) -> TurnState:
        """What a turn starts from, as it stood at one moment."""
        with reading(self._engine) as db:
            return conversation.load_turn(db, session_id)

    @repeated
    def add_user_message(self, session_id: str, text: str, lang: str, turn_id: str | None = None) -> MessageRecord:
        """Keeps what the visitor said; it is safe when this returns. The same `turn_id` again keeps nothing new."""
        with writing(self._engine) as db:
            return conversation.add_user_message(db, session_id, text, lang, turn_id)

    @repeated
    def start_reply(
        self,
        session_id: str,
        *,
        lang: str,
        intent: str,
        understanding: JsonObject,
        slate: SlateDraft | None,
        interest: InterestChange,
        answered: tuple[str, JsonObject] | None = None,
        moment: JsonObject | None = None,
    ) -> MessageRecord:
        """Keeps the beginning of a reply at once: the bot's message, still incomplete, its slate if there is
        one, the new interest, and where the call has an idempotency key, that key and what it is answered so far;
        `moment`: that interest as a person reads it, for a later look back.

        Raises Conflict, and keeps nothing, if the interest was written by somebody else meanwhile, or the call was
        answered already.
        """
        with writing(self._engine) as db:
            if answered is not None:
                requests.answer_first(db, session_id, *answered)
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

    @repeated
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

    @repeated
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

    @repeated
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

    @repeated
    def save_interest(self, session_id: str, interest: InterestChange) -> InterestRecord:
        """Keeps a new interest state. Raises Conflict if it was written by somebody else meanwhile."""
        with writing(self._engine) as db:
            return sessions.change_interest(db, session_id, interest)

    # -- feedback

    @repeated
    def add_feedback(
        self,
        session_id: str,
        item_id: str,
        kind: str,
        value: float | None = None,
        turn_id: str | None = None,
        interest: InterestChange | None = None,
        key: str | None = None,
    ) -> FeedbackRecord:
        """Keeps feedback and, where it moves the interest, the new interest too; Conflict keeps neither.

        `key`: the call's idempotency key, which is answered with the feedback's id in the same transaction.
        """
        with writing(self._engine) as db:
            kept = feedback.add(db, session_id, item_id, kind, value, turn_id, interest)
            _answer_feedback(db, session_id, key, kept)
            return kept

    @repeated
    def undo_feedback(
        self, session_id: str, item_id: str, interest: InterestChange | None = None, key: str | None = None
    ) -> FeedbackRecord:
        """Marks the session's last standing feedback on an item as undone, and gives it back so marked.

        Raises NotFound if there is none, Conflict as `add_feedback` does.
        """
        with writing(self._engine) as db:
            kept = feedback.undo(db, session_id, item_id, interest)
            _answer_feedback(db, session_id, key, kept)
            return kept

    def feedback(self, session_id: str) -> list[FeedbackRecord]:
        """The session's feedback in the order it came, with what was undone marked so."""
        with reading(self._engine) as db:
            sessions.get(db, session_id)
            return feedback.of_session(db, session_id)

    def feedback_counts(self, floor: int = 1) -> dict[str, dict[str, int]]:
        """Item id → kind → how many visitors, over all sessions; what was undone does not count.

        Items of which fewer than `floor` different visitors said anything are left out.
        """
        with reading(self._engine) as db:
            return feedback.counts(db, floor)

    def acts(self) -> list[judging.Act]:
        """All that visitors did with items or said of them, in order; what was undone does not count."""
        with reading(self._engine) as db:
            return judging.acts(db)

    def judged_slates(self) -> list[judging.JudgedSlate]:
        """The slates of which something was judged, in order."""
        with reading(self._engine) as db:
            return list(judging.judged_slates(db))

    # -- export

    def export(self, out_dir: Path, *, masking: bool = False) -> dict[str, int]:
        """Writes conversations.jsonl, feedback.jsonl and impressions.jsonl, and says how many lines each has.

        All three show the same moment. `masking`: personal numbers in texts are masked. Raises InputError if the
        folder cannot be written.
        """
        with reading(self._engine) as db:
            return exporting.export(db, out_dir, masking=masking)

    def aggregates(self, epsilon: float, contribution: int = 10) -> Aggregates:
        """Differentially private counts by item and kind of feedback. Raises InputError."""
        with reading(self._engine) as db:
            return aggregates(db, epsilon, contribution)

    # -- trouble

    def on_trouble(self, tell: Callable[[], None]) -> None:
        """Has `tell` called whenever the database fails or cannot be reached."""

        @event.listens_for(self._engine, "handle_error")
        def failed(context: ExceptionContext) -> None:
            if not isinstance(context.sqlalchemy_exception, IntegrityError):
                tell()


def _answer_feedback(db: Session, session_id: str, key: str | None, kept: FeedbackRecord) -> None:
    if key is not None:
        requests.answer_first(db, session_id, key, {"answer": {"feedback_id": kept.feedback_id}})
