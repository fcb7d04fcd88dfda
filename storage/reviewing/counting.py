"""Counts over conversations, and over the items of the catalogue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from storage.reviewing import finding
from storage.reviewing.records import Figures, Filter, ItemFigures, Shown
from storage.reviewing.tables import ConversationRow, HiddenItemRow
from storage.tables import FeedbackRow, ImpressionRow, ItemRow, MessageRow, SlateRow

_MOST_UNMET = 40


def figures(db: Session, wanted: Filter, sample: int) -> Figures:
    """Counts over the conversations that are wanted; all but the days over the newest `sample` of them."""
    numbers = finding.numbers(db, wanted, sample)
    day = func.date(ConversationRow.started_at)
    among = ConversationRow.number.in_(finding.matching(db, wanted))
    days = [(str(when), count) for when, count in db.execute(select(day, func.count()).where(among).group_by(day))]
    chosen = dict(
        db.execute(
            select(ConversationRow.session_id, ConversationRow.number).where(ConversationRow.number.in_(numbers))
        ).all()
    )
    outcomes, timings, turns = _replies(db, list(chosen))
    return Figures(
        found=sum(count for _, count in days),
        sampled=len(numbers),
        turns=turns,
        days=tuple(sorted(days)),
        shown=tuple(_shown(db, list(chosen))),
        unmet=tuple(_unmet(db, chosen)),
        outcomes=outcomes,
        timings=timings,
    )


def _replies(db: Session, session_ids: Sequence[str]) -> tuple[Counter[str], dict[str, tuple[float, ...]], int]:
    outcomes: Counter[str] = Counter()
    timings: defaultdict[str, list[float]] = defaultdict(list)
    rows = db.execute(
        select(MessageRow.line_outcomes, MessageRow.timings).where(
            MessageRow.session_id.in_(session_ids), MessageRow.role == "bot"
        )
    ).all()
    for told, spent in rows:
        for line in told.values():
            outcomes[line if isinstance(line, str) else line.get("outcome", "")] += 1
        for stage, value in spent.items():
            timings[stage].append(float(value))
    return outcomes, {stage: tuple(sorted(spent)) for stage, spent in timings.items()}, len(rows)


def _shown(db: Session, session_ids: Sequence[str]) -> list[Shown]:
    done: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    acts = select(FeedbackRow.session_id, FeedbackRow.item_id, FeedbackRow.kind).where(
        FeedbackRow.session_id.in_(session_ids), FeedbackRow.undone.is_(False)
    )
    for session_id, item_id, kind in db.execute(acts):
        done[session_id, item_id].add(kind)
    shown = (
        select(SlateRow.session_id, ImpressionRow.rank, ImpressionRow.item_id, ItemRow.domain)
        .join(ImpressionRow, ImpressionRow.slate_id == SlateRow.slate_id)
        .outerjoin(ItemRow, ItemRow.id == ImpressionRow.item_id)
        .where(SlateRow.session_id.in_(session_ids), SlateRow.turn_id.is_not(None))
    )
    return [
        Shown(rank, item_id, domain or "", frozenset(done.get((session_id, item_id), ())))
        for session_id, rank, item_id, domain in db.execute(shown)
    ]


def _unmet(db: Session, chosen: dict[str, int]) -> list[tuple[str, int, int]]:
    said: Counter[str] = Counter()
    newest: dict[str, int] = {}
    spelt: dict[str, str] = {}
    rows = select(SlateRow.session_id, SlateRow.unmet).where(
        SlateRow.session_id.in_(chosen), SlateRow.turn_id.is_not(None)
    )
    for session_id, wishes in db.execute(rows):
        for wish in wishes:
            key = " ".join(str(wish).lower().split())
            spelt.setdefault(key, str(wish).strip())
            said[key] += 1
            newest[key] = max(newest.get(key, 0), chosen[session_id])
    return [(spelt[key], count, newest[key]) for key, count in said.most_common(_MOST_UNMET)]


def items(db: Session, text: str, which: str, limit: int, after: str = "") -> list[ItemFigures]:
    """Items of the catalogue by id, from beyond `after`; `which`: all, never (shown), disliked or hidden.

    `text`: stands in id or title. Those disliked come with the most disliked first.
    """
    hidden = set(db.scalars(select(HiddenItemRow.item_id)))
    wanted = select(ItemRow.id, ItemRow.data, ItemRow.available).order_by(ItemRow.id)
    if text:
        like = f"%{_escaped(text)}%"
        title = ItemRow.data["title"].as_string()
        wanted = wanted.where(or_(ItemRow.id.ilike(like, escape="\\"), title.ilike(like, escape="\\")))
    if which == "never":
        wanted = wanted.where(~select(ImpressionRow.item_id).where(ImpressionRow.item_id == ItemRow.id).exists())
    if which == "hidden":
        wanted = wanted.where(ItemRow.id.in_(hidden))
    if which == "disliked":
        bad = FeedbackRow.kind.in_(("dislike", "hide")) & FeedbackRow.undone.is_(False)
        most = select(FeedbackRow.item_id, func.count().label("n")).where(bad).group_by(FeedbackRow.item_id).subquery()
        wanted = wanted.join(most, most.c.item_id == ItemRow.id).order_by(None).order_by(most.c.n.desc(), ItemRow.id)
    elif after:
        wanted = wanted.where(ItemRow.id > after)
    found = db.execute(wanted.limit(limit)).all()
    ids = [row.id for row in found]
    seen = dict(
        db.execute(
            select(ImpressionRow.item_id, func.count())
            .where(ImpressionRow.item_id.in_(ids))
            .group_by(ImpressionRow.item_id)
        ).all()
    )
    acts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    done = select(FeedbackRow.item_id, FeedbackRow.kind, func.count()).where(
        FeedbackRow.item_id.in_(ids), FeedbackRow.undone.is_(False)
    )
    for item_id, kind, count in db.execute(done.group_by(FeedbackRow.item_id, FeedbackRow.kind)):
        acts[item_id][kind] = count
    return [
        ItemFigures(row.id, row.data, row.available, row.id in hidden, seen.get(row.id, 0), acts.get(row.id, {}))
        for row in found
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
