"""One conversation with all that is held on it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from errors import NotFound
from storage import conversation, feedback, sessions
from storage.reviewing.records import Correction, Note, Replay, Verdict
from storage.reviewing.tables import (
    ConversationRow,
    CorrectionRow,
    HiddenItemRow,
    MomentRow,
    NoteRow,
    RightItemRow,
    TagRow,
    VerdictRow,
)
from storage.tables import ItemRow, MessageRow


def replay(db: Session, number: int) -> Replay:
    """The conversation of that number. Raises NotFound."""
    session_id = db.scalar(select(ConversationRow.session_id).where(ConversationRow.number == number))
    if session_id is None:
        raise NotFound(what="conversation", id=str(number))
    slates = tuple(conversation.slates(db, session_id))
    right = _right(db, number)
    item_ids = {shown.item_id for slate in slates for shown in slate.impressions}
    item_ids |= {item_id for ids in right.values() for item_id in ids}
    moments = select(MomentRow).join(MessageRow, MessageRow.turn_id == MomentRow.turn_id)
    return Replay(
        number=number,
        session=sessions.get(db, session_id).record(),
        messages=tuple(conversation.messages(db, session_id)),
        slates=slates,
        feedback=tuple(feedback.of_session(db, session_id)),
        moments={row.turn_id: row.interest for row in db.scalars(moments.where(MessageRow.session_id == session_id))},
        items=items(db, item_ids),
        tags=tuple(db.scalars(select(TagRow.tag).where(TagRow.number == number).order_by(TagRow.tag))),
        notes=tuple(
            Note(row.id, row.turn_id, row.text, row.reviewer, row.created_at)
            for row in db.scalars(select(NoteRow).where(NoteRow.number == number).order_by(NoteRow.id))
        ),
        verdicts=tuple(
            Verdict(row.number, row.turn_id, row.reviewer, row.verdict, row.created_at)
            for row in db.scalars(select(VerdictRow).where(VerdictRow.number == number).order_by(VerdictRow.created_at))
        ),
        corrections=tuple(corrections(db, [number])),
        right=right,
        hidden=frozenset(db.scalars(select(HiddenItemRow.item_id).where(HiddenItemRow.item_id.in_(item_ids)))),
    )


def items(db: Session, ids: set[str]) -> dict[str, dict[str, Any]]:
    """Items as the catalogue has them now, by id."""
    return dict(db.execute(select(ItemRow.id, ItemRow.data).where(ItemRow.id.in_(ids))).all())


def corrections(db: Session, numbers: list[int]) -> list[Correction]:
    """The corrections of conversations."""
    found = select(CorrectionRow).where(CorrectionRow.number.in_(numbers)).order_by(CorrectionRow.created_at)
    return [
        Correction(row.number, row.turn_id, row.part, row.line, row.example, row.reviewer, row.created_at)
        for row in db.scalars(found)
    ]


def _right(db: Session, number: int) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in db.scalars(select(RightItemRow).where(RightItemRow.number == number).order_by(RightItemRow.created_at)):
        found[row.turn_id].append(row.item_id)
    return {turn_id: tuple(ids) for turn_id, ids in found.items()}
