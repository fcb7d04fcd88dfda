"""Lists of conversations: by marks, time and words, newest first, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from errors import InputError
from storage.columns import cipher_of
from storage.reviewing import terms
from storage.reviewing.records import Conversation, Filter, Page
from storage.reviewing.tables import ConversationRow, PostingRow
from storage.tables import MessageRow, SessionRow

_COUNTED = (2_000, 50_000)
"""Terms are counted no further than the first to see which is the rarest; where all have more, than the second."""


def page(db: Session, wanted: Filter, size: int, before: int | None = None, after: int | None = None) -> Page:
    """At most `size` conversations older than the number `before`, or newer than `after`, or the newest.

    Pages are cut by numbers, so they stay the same whatever comes in meanwhile.
    """
    found = numbers(db, wanted, size + 1, before=before, after=after)
    more, found = len(found) > size, sorted(found[:size], reverse=True)
    newer, older = (more, True) if after is not None else (before is not None, more)
    return Page(tuple(rows(db, found)), newer, older)


def numbers(
    db: Session, wanted: Filter, limit: int, *, before: int | None = None, after: int | None = None
) -> list[int]:
    """At most `limit` numbers: newest first, or, where `after` is given, oldest first from there."""
    column, query = _query(db, wanted)
    if before is not None:
        query = query.where(column < before)
    if after is not None:
        query = query.where(column > after)
    return list(db.scalars(query.order_by(column.asc() if after is not None else column.desc()).limit(limit)))


def count(db: Session, wanted: Filter, most: int) -> int:
    """How many there are, counted no further than `most`."""
    _, query = _query(db, wanted)
    return db.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0


def matching(db: Session, wanted: Filter) -> Select[int]:
    """The query of all numbers, for use within another."""
    return _query(db, wanted)[1]


def rows(db: Session, found: Sequence[int]) -> Iterable[Conversation]:
    """The conversations of these numbers, in this order."""
    kept = {
        conversation.number: (conversation, lang, site)
        for conversation, lang, site in db.execute(
            select(ConversationRow, SessionRow.lang, SessionRow.site)
            .join(SessionRow, SessionRow.id == ConversationRow.session_id)
            .where(ConversationRow.number.in_(found))
        )
    }
    marks = _marks(db, found)
    said = _first_words(db, [row.session_id for row, _, _ in kept.values()])
    for number in found:
        if number in kept:
            row, lang, site = kept[number]
            yield Conversation(
                number,
                row.session_id,
                lang,
                site,
                row.started_at,
                row.last_at,
                row.turns,
                row.slowest_ms,
                said.get(row.session_id, ""),
                marks.get(number, {}),
            )


def values(db: Session, name: str) -> list[str]:
    """All values that a mark has, such as the tags or the domains, by looking from one to the next in the index."""
    found: list[str] = []
    start, end = f"{name}:", f"{name};"
    while term := db.scalar(select(func.min(PostingRow.term)).where(PostingRow.term > start, PostingRow.term < end)):
        found.append(term.partition(":")[2])
        start = term
    return found


def _query(db: Session, wanted: Filter) -> tuple[InstrumentedAttribute[int], Select[int]]:
    """The numbers that are wanted: the rarest term leads, in the order of its index; the others are looked up."""
    if wanted.text and cipher_of(db.get_bind().dialect).current:
        raise InputError(
            field="q", zh_reason="文字已加密保存，不能搜索", reason="texts are encrypted here and cannot be searched"
        )
    exact, begun = terms.lookups(wanted.text)
    needed = _rarest_first(db, [*wanted.marks, *exact])
    if needed:
        lead = aliased(PostingRow)
        column, query = lead.number, select(lead.number).where(lead.term == needed[0])
    else:
        column, query = ConversationRow.number, select(ConversationRow.number)
    for term in needed[1:]:
        query = query.where(_has(column, lambda other, term=term: other.term == term))
    for start in begun:
        end = start + "\U0010ffff"
        query = query.where(
            _has(column, lambda other, start=start, end=end: and_(other.term >= start, other.term < end))
        )
    return column, query.where(*_within(column, wanted))


def _has(column: InstrumentedAttribute[int], term) -> ColumnElement[bool]:  # type: ignore[no-untyped-def]
    other = aliased(PostingRow)
    return exists().where(term(other), other.number == column)


def _within(column: InstrumentedAttribute[int], wanted: Filter) -> list[ColumnElement[bool]]:
    """Numbers grow with the time of beginning, so a span of time is one of numbers."""
    bounds: list[ColumnElement[bool]] = []
    first, last = func.min(ConversationRow.number), func.max(ConversationRow.number)
    if wanted.since is not None:
        begun = select(first).where(ConversationRow.started_at >= wanted.since)
        bounds.append(column >= begun.scalar_subquery())
    if wanted.until is not None:
        begun = select(last).where(ConversationRow.started_at < wanted.until)
        bounds.append(column <= begun.scalar_subquery())
    return bounds


def _rarest_first(db: Session, wanted: Sequence[str]) -> list[str]:
    if len(wanted) < 2:
        return list(wanted)
    counts: dict[str, int] = {}
    for most in _COUNTED:
        for term in wanted:
            some = select(PostingRow.number).where(PostingRow.term == term).limit(most).subquery()
            counts[term] = db.scalar(select(func.count()).select_from(some)) or 0
        if min(counts.values()) < most:
            break
    return sorted(wanted, key=lambda term: counts[term])


def _marks(db: Session, found: Sequence[int]) -> dict[int, dict[str, tuple[str, ...]]]:
    marks: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    no_words = or_(PostingRow.term < terms.WORD, PostingRow.term >= terms.AFTER_WORDS)
    for number, term in db.execute(
        select(PostingRow.number, PostingRow.term).where(PostingRow.number.in_(found), no_words)
    ):
        name, _, value = term.partition(":")
        marks[number][name].append(value)
    return {number: {name: tuple(sorted(has)) for name, has in by.items()} for number, by in marks.items()}


def _first_words(db: Session, session_ids: Sequence[str]) -> dict[str, str]:
    first = (
        select(func.min(MessageRow.id))
        .where(MessageRow.session_id.in_(session_ids), MessageRow.role == "user")
        .group_by(MessageRow.session_id)
    )
    said = db.execute(select(MessageRow.session_id, MessageRow.text).where(MessageRow.id.in_(first)))
    return dict(said.all())
