"""Queries on what is said and shown in a session."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from errors import NotFound
from storage import feedback, requests, sessions
from storage.records import (
    InterestChange,
    JsonObject,
    MessageRecord,
    Role,
    SlateDraft,
    SlateRecord,
    TurnState,
    new_id,
    utc_now,
)
from storage.reviewing import noting, terms
from storage.tables import ImpressionRow, InterestRow, MessageRow, SessionRow, SlateRow, insert_rows


def load_turn(db: Session, session_id: str) -> TurnState:
    """All that a turn starts from."""
    found = db.execute(
        select(SessionRow, InterestRow)
        .join(InterestRow, InterestRow.session_id == SessionRow.id)
        .where(SessionRow.id == session_id)
    ).first()
    if found is None:
        raise NotFound(what="session", id=session_id)
    session, interest = found
    shown = _shown(db, session_id)
    first = shown[0][0] if shown and shown[0][1] is None else None
    later = {item_id for slate, _, item_id in shown if slate != first}
    return TurnState(
        session=session.record(),
        interest=interest.record(),
        shown_ids=tuple(dict.fromkeys(item_id for _, _, item_id in shown)),
        feedback=tuple(feedback.of_session(db, session_id)),
        opening_ids=tuple(item_id for slate, _, item_id in shown if slate == first and item_id not in later),
    )


def add_user_message(db: Session, session_id: str, text: str, lang: str, turn_id: str | None = None) -> MessageRecord:
    """What the visitor said; where it was kept under this id for the same call, that."""
    if turn_id is not None:
        mine = (MessageRow.session_id == session_id, MessageRow.turn_id == turn_id)
        if (found := db.scalars(select(MessageRow).where(*mine)).first()) is not None:
            if found.created_at > utc_now() - requests.KEPT:
                return found.record()
            turn_id = None
    sessions.touch(db, session_id)
    row = _message(session_id, "user", lang, turn_id, text=text, complete=True)
    insert_rows(db, row)
    noting.heard(db, session_id, text, row.created_at)
    return row.record()


def start_reply(
    db: Session,
    session_id: str,
    *,
    lang: str,
    intent: str,
    understanding: JsonObject,
    slate: SlateDraft | None,
    interest: InterestChange,
    moment: JsonObject | None = None,
) -> MessageRecord:
    """The bot's message, incomplete, with its slate and the new interest."""
    sessions.change_interest(db, session_id, interest)
    row = _message(session_id, "bot", lang, intent=intent, understanding=understanding)
    insert_rows(db, row)
    if slate is not None:
        _keep_slate(db, session_id, slate, row.turn_id)
    noting.decided(db, session_id, row.turn_id, intent, slate, moment or {})
    return row.record()


def finish_reply(
    db: Session,
    turn_id: str,
    *,
    text: str,
    lines: Mapping[str, str],
    line_outcomes: Mapping[str, JsonObject],
    timings: Mapping[str, float],
    complete: bool,
) -> None:
    """The bot's words."""
    statement = (
        update(MessageRow)
        .where(MessageRow.turn_id == turn_id, MessageRow.role == "bot")
        .values(
            text=text,
            lines=dict(lines),
            line_outcomes=dict(line_outcomes),
            timings=dict(timings),
            complete=complete,
        )
    )
    if not sessions.changed(db, statement):
        raise NotFound(what="turn", id=turn_id)
    session_id = db.execute(select(MessageRow.session_id).where(MessageRow.turn_id == turn_id)).scalar_one()
    found = terms.worded(text, lines, line_outcomes, timings, complete)
    noting.worded(db, session_id, found, terms.first_words_ms(timings))


def add_slate(db: Session, session_id: str, slate: SlateDraft, turn_id: str | None) -> SlateRecord:
    """A slate that was shown without words."""
    sessions.touch(db, session_id)
    return _keep_slate(db, session_id, slate, turn_id)


def messages(db: Session, session_id: str, limit: int | None = None, before: str | None = None) -> list[MessageRecord]:
    """The session's messages in order: the last `limit` of them, of those before the turn `before`."""
    sessions.get(db, session_id)
    wanted = select(MessageRow).where(MessageRow.session_id == session_id)
    if before is not None:
        place = db.scalar(
            select(MessageRow.id).where(MessageRow.session_id == session_id, MessageRow.turn_id == before)
        )
        if place is None:
            raise NotFound(what="turn", id=before)
        wanted = wanted.where(MessageRow.id < place)
    rows = db.scalars(wanted.order_by(MessageRow.id.desc()).limit(limit)).all()
    return [row.record() for row in reversed(rows)]


def slates(db: Session, session_id: str) -> list[SlateRecord]:
    """The session's slates in order, each with its impressions; an empty slate too."""
    sessions.get(db, session_id)
    rows = db.execute(
        select(SlateRow, ImpressionRow)
        .outerjoin(ImpressionRow, ImpressionRow.slate_id == SlateRow.slate_id)
        .where(SlateRow.session_id == session_id)
        .order_by(SlateRow.id, ImpressionRow.rank)
    )
    return [
        slate.record(tuple(shown.record() for _, shown in group if shown is not None))
        for slate, group in groupby(rows, key=lambda row: row[0])
    ]


def mark_seen(db: Session, session_id: str, slate_id: str, item_ids: Collection[str]) -> None:
    """Notes that items of a slate were in sight; the first time counts, items that are not on it are passed over."""
    known = select(SlateRow.slate_id).where(SlateRow.slate_id == slate_id, SlateRow.session_id == session_id)
    if db.scalar(known) is None:
        raise NotFound(what="slate", id=slate_id)
    shown = (ImpressionRow.slate_id == slate_id, ImpressionRow.item_id.in_(item_ids), ImpressionRow.seen_at.is_(None))
    db.execute(update(ImpressionRow).where(*shown).values(seen_at=utc_now()))


def shown_item_ids(db: Session, session_id: str) -> list[str]:
    """Each item shown once, in the order it was first shown."""
    return list(dict.fromkeys(item_id for _, _, item_id in _shown(db, session_id)))


def _shown(db: Session, session_id: str) -> list[tuple[int, str | None, str]]:
    """(slate's row, the bot's message it belongs to, item) for all that was shown, in order."""
    rows = db.execute(
        select(SlateRow.id, SlateRow.turn_id, ImpressionRow.item_id)
        .join(ImpressionRow, SlateRow.slate_id == ImpressionRow.slate_id)
        .where(SlateRow.session_id == session_id)
        .order_by(SlateRow.id, ImpressionRow.rank)
    )
    return [(slate, turn_id, item_id) for slate, turn_id, item_id in rows]


def _message(
    session_id: str,
    role: Role,
    lang: str,
    turn_id: str | None = None,
    *,
    text: str = "",
    intent: str | None = None,
    understanding: JsonObject | None = None,
    complete: bool = False,
) -> MessageRow:
    return MessageRow(
        turn_id=turn_id or new_id(),
        session_id=session_id,
        role=role,
        text=text,
        lang=lang,
        intent=intent,
        understanding=dict(understanding or {}),
        lines={},
        line_outcomes={},
        timings={},
        complete=complete,
        created_at=utc_now(),
    )


def _keep_slate(db: Session, session_id: str, slate: SlateDraft, turn_id: str | None) -> SlateRecord:
    row = SlateRow(
        slate_id=slate.slate_id,
        session_id=session_id,
        turn_id=turn_id,
        unmet=list(slate.unmet),
        created_at=utc_now(),
    )
    insert_rows(db, row)
    shown_rows = (
        ImpressionRow(
            slate_id=slate.slate_id,
            rank=shown.rank,
            item_id=shown.item_id,
            score=shown.score,
            parts=dict(shown.parts),
            because=list(shown.because),
        )
        for shown in slate.impressions
    )
    insert_rows(db, *shown_rows)
    return row.record(slate.impressions)
