"""What reviewers do: tags, notes, verdicts, corrections, right and hidden items, saved filters; and the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from errors import InputError, NotFound
from storage.records import utc_now
from storage.reviewing import noting
from storage.reviewing.records import VERDICTS, WHOLE, AuditEntry, SavedFilter, Verdict
from storage.reviewing.tables import (
    AuditRow,
    ConversationRow,
    CorrectionRow,
    HiddenItemRow,
    NoteRow,
    ReviewKeyRow,
    RightItemRow,
    SavedFilterRow,
    TagRow,
    VerdictRow,
)
from storage.tables import ItemRow, MessageRow, Table, insert_rows

LONGEST_TAG = 40
LONGEST_NOTE = 4_000


def record(db: Session, reviewer: str, act: str, what: str) -> None:
    """Writes a line of the audit log, in the transaction of the change itself."""
    insert_rows(db, AuditRow(at=utc_now(), reviewer=reviewer, act=act, what=what[:160]))


def audit(db: Session, limit: int, before: int | None = None) -> list[tuple[int, AuditEntry]]:
    """The last lines of the log, newest first, with their keys."""
    wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(AuditRow.id < before)
    return [(row.id, AuditEntry(row.at, row.reviewer, row.act, row.what)) for row in db.scalars(wanted)]


def tag(db: Session, number: int, name: str, reviewer: str, *, on: bool) -> None:
    """Puts a tag on a conversation, or takes it off."""
    _known(db, number)
    name = _checked("tag", name, LONGEST_TAG)
    if on:
        _replace(db, TagRow(number=number, tag=name, reviewer=reviewer, created_at=utc_now()))
        noting.post(db, number, [f"tag:{name}"])
    else:
        db.execute(delete(TagRow).where(TagRow.number == number, TagRow.tag == name))
        noting.take_off(db, number, [f"tag:{name}"])
    record(db, reviewer, "tag" if on else "untag", f"#{number} {name}")


def note(db: Session, number: int, turn_id: str, text: str, reviewer: str) -> None:
    """Adds a note."""
    _known(db, number, turn_id)
    text = _checked("note", text, LONGEST_NOTE)
    insert_rows(db, NoteRow(number=number, turn_id=turn_id, text=text, reviewer=reviewer, created_at=utc_now()))
    record(db, reviewer, "note", f"#{number} {turn_id}".strip())


def remove_note(db: Session, number: int, note_id: int, reviewer: str) -> None:
    """Removes a note."""
    db.execute(delete(NoteRow).where(NoteRow.id == note_id, NoteRow.number == number))
    record(db, reviewer, "remove note", f"#{number} {note_id}")


def judge(db: Session, number: int, turn_id: str, verdict: str, reviewer: str) -> None:
    """A reviewer's verdict on a reply or the whole; an empty one takes it back. A judged whole is reviewed."""
    _known(db, number, turn_id)
    if verdict and verdict not in VERDICTS:
        allowed = ", ".join(VERDICTS)
        raise InputError(field="verdict", zh_reason=f"只能是 {allowed}", reason=f"allowed: {allowed}")
    mine = (VerdictRow.number == number, VerdictRow.turn_id == turn_id, VerdictRow.reviewer == reviewer)
    db.execute(delete(VerdictRow).where(*mine))
    if verdict:
        row = VerdictRow(number=number, turn_id=turn_id, reviewer=reviewer, verdict=verdict, created_at=utc_now())
        insert_rows(db, row)
    _mark_judged(db, number)
    record(db, reviewer, "verdict", f"#{number} {turn_id} {verdict or 'none'}".replace("  ", " "))


def correct(
    db: Session, number: int, turn_id: str, part: str, line: str, example: Mapping[str, Any], reviewer: str
) -> None:
    """A line as it should have been; a later correction of the same line replaces the earlier."""
    _known(db, number, turn_id)
    row = CorrectionRow(
        turn_id=turn_id,
        part=part,
        number=number,
        line=line,
        example=dict(example),
        reviewer=reviewer,
        created_at=utc_now(),
    )
    _replace(db, row)
    noting.post(db, number, ["corrected:yes"])
    record(db, reviewer, "correct", f"#{number} {turn_id} {part}")


def set_right(db: Session, number: int, turn_id: str, item_id: str, reviewer: str, *, on: bool) -> None:
    """Says that a turn should have brought an item, or no longer."""
    _known(db, number, turn_id)
    if on:
        if db.get(ItemRow, item_id) is None:
            raise NotFound(what="item", id=item_id)
        _replace(
            db,
            RightItemRow(turn_id=turn_id, item_id=item_id, number=number, reviewer=reviewer, created_at=utc_now()),
        )
    else:
        db.execute(delete(RightItemRow).where(RightItemRow.turn_id == turn_id, RightItemRow.item_id == item_id))
    record(db, reviewer, "right item" if on else "no right item", f"#{number} {turn_id} {item_id}")


def hide(db: Session, item_id: str, reviewer: str, *, on: bool) -> None:
    """Keeps an item out of recommendation, or lets it in again."""
    if on:
        if db.get(ItemRow, item_id) is None:
            raise NotFound(what="item", id=item_id)
        _replace(db, HiddenItemRow(item_id=item_id, reviewer=reviewer, created_at=utc_now()))
    else:
        db.execute(delete(HiddenItemRow).where(HiddenItemRow.item_id == item_id))
    record(db, reviewer, "hide item" if on else "show item", item_id)


def save_filter(db: Session, name: str, query: str, reviewer: str) -> None:
    """Keeps a filter under a name; an empty query removes it."""
    name = _checked("name", name, LONGEST_TAG)
    if query:
        _replace(db, SavedFilterRow(name=name, query=query[:2_000], reviewer=reviewer, created_at=utc_now()))
    else:
        db.execute(delete(SavedFilterRow).where(SavedFilterRow.name == name))
    record(db, reviewer, "save filter" if query else "remove filter", name)


def saved_filters(db: Session) -> list[SavedFilter]:
    """All saved filters, by name."""
    return [
        SavedFilter(row.name, row.query) for row in db.scalars(select(SavedFilterRow).order_by(SavedFilterRow.name))
    ]


def judged_by_several(db: Session) -> list[Verdict]:
    """The verdicts on all that two or more reviewers have judged."""
    twice = (
        select(VerdictRow.number, VerdictRow.turn_id)
        .group_by(VerdictRow.number, VerdictRow.turn_id)
        .having(func.count() > 1)
        .subquery()
    )
    found = select(VerdictRow).join(
        twice, (twice.c.number == VerdictRow.number) & (twice.c.turn_id == VerdictRow.turn_id)
    )
    ordered = found.order_by(VerdictRow.number, VerdictRow.turn_id, VerdictRow.reviewer)
    return [Verdict(row.number, row.turn_id, row.reviewer, row.verdict, row.created_at) for row in db.scalars(ordered)]


def cookie_key(db: Session) -> str:
    """The key that signs reviewers' cookies, made at the first call."""
    row = db.get(ReviewKeyRow, 1)
    if row is None:
        row = ReviewKeyRow(id=1, key=secrets.token_hex(32))
        db.add(row)
    return row.key


def _known(db: Session, number: int, turn_id: str = WHOLE) -> None:
    session_id = db.scalar(select(ConversationRow.session_id).where(ConversationRow.number == number))
    if session_id is None:
        raise NotFound(what="conversation", id=str(number))
    mine = select(MessageRow.id).where(MessageRow.turn_id == turn_id, MessageRow.session_id == session_id)
    if turn_id and db.scalar(mine) is None:
        raise NotFound(what="turn", id=turn_id)


def _mark_judged(db: Session, number: int) -> None:
    said = db.execute(select(VerdictRow.turn_id, VerdictRow.verdict).where(VerdictRow.number == number)).all()
    noting.take_off(db, number, ["state:open", "state:reviewed", *(f"verdict:{verdict}" for verdict in VERDICTS)])
    state = "reviewed" if any(turn_id == WHOLE for turn_id, _ in said) else "open"
    noting.post(db, number, [f"state:{state}", *(f"verdict:{verdict}" for _, verdict in said)])


def _checked(field: str, text: str, longest: int) -> str:
    text = " ".join(text.split()) if longest == LONGEST_TAG else text.strip()
    if not text or len(text) > longest:
        raise InputError(
            field=field, zh_reason=f"要有 1 到 {longest} 个字符", reason=f"it needs 1 to {longest} characters"
        )
    return text


def _replace(db: Session, row: Table) -> None:
    db.merge(row)
    db.flush()
