"""The reviewers' side of the store: one transaction a method, and every change with its line in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Engine

from storage.database import reading, writing
from storage.reviewing import acting, counting, finding, replaying
from storage.reviewing.records import (
    WHOLE,
    AuditEntry,
    Correction,
    Figures,
    Filter,
    ItemFigures,
    Page,
    Replay,
    SavedFilter,
    Verdict,
)

SAMPLE = 2_000
"""Conversations over which rates and times are counted."""
_BATCH = 200


class Reviews:
    """What operators see and keep of conversations, as plain values. Safe to share between threads.

    Methods may raise StorageError; those that name a conversation, a turn or an item raise NotFound, those that take
    a person's text InputError. `reviewer`: the name that stands in the audit log.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: Filter, size: int = 50, before: int | None = None, after: int | None = None) -> Page:
        """A page of the list, newest first; see `finding.page`."""
        with reading(self._engine) as db:
            return finding.page(db, wanted, size, before, after)

    def count(self, wanted: Filter, most: int = 1_000) -> int:
        """How many conversations there are, counted no further than `most`."""
        with reading(self._engine) as db:
            return finding.count(db, wanted, most)

    def neighbours(self, wanted: Filter, number: int) -> tuple[int | None, int | None]:
        """The next newer and the next older conversation of a list."""
        with reading(self._engine) as db:
            newer = finding.numbers(db, wanted, 1, after=number)
            older = finding.numbers(db, wanted, 1, before=number)
        return (newer[0] if newer else None), (older[0] if older else None)

    def values(self, name: str) -> list[str]:
        """All values of a mark, such as `tag` or `domain`."""
        with reading(self._engine) as db:
            return finding.values(db, name)

    def replay(self, number: int) -> Replay:
        """A conversation with all that is held on it."""
        with reading(self._engine) as db:
            return replaying.replay(db, number)

    def replays(self, wanted: Filter, most: int) -> Iterator[Replay]:
        """The conversations of a list, newest first, one at a time."""
        with reading(self._engine) as db:
            for number in finding.numbers(db, wanted, most):
                yield replaying.replay(db, number)

    def corrections(self, wanted: Filter, most: int = 100_000) -> Iterator[Correction]:
        """The corrected lines of a list's conversations."""
        wanted = Filter((*wanted.marks, "corrected:yes"), wanted.text, wanted.since, wanted.until)
        with reading(self._engine) as db:
            numbers = finding.numbers(db, wanted, most)
            for start in range(0, len(numbers), _BATCH):
                yield from replaying.corrections(db, numbers[start : start + _BATCH])

    def figures(self, wanted: Filter, sample: int = SAMPLE) -> Figures:
        """Counts over a list."""
        with reading(self._engine) as db:
            return counting.figures(db, wanted, sample)

    def items(self, text: str = "", which: str = "all", limit: int = 50, after: str = "") -> list[ItemFigures]:
        """Items of the catalogue; see `counting.items`."""
        with reading(self._engine) as db:
            return counting.items(db, text, which, limit, after)

    def item_data(self, ids: set[str]) -> Mapping[str, Mapping[str, Any]]:
        """Items as the catalogue has them, by id."""
        with reading(self._engine) as db:
            return replaying.items(db, ids)

    # -- acts

    def tag(self, number: int, name: str, reviewer: str, *, on: bool = True) -> None:
        """Puts a tag on a conversation, or takes it off."""
        with writing(self._engine) as db:
            acting.tag(db, number, name, reviewer, on=on)

    def note(self, number: int, text: str, reviewer: str, turn_id: str = WHOLE) -> None:
        """Adds a note on a conversation, or on one of its turns."""
        with writing(self._engine) as db:
            acting.note(db, number, turn_id, text, reviewer)

    def remove_note(self, number: int, note_id: int, reviewer: str) -> None:
        """Removes a note."""
        with writing(self._engine) as db:
            acting.remove_note(db, number, note_id, reviewer)

    def judge(self, number: int, verdict: str, reviewer: str, turn_id: str = WHOLE) -> None:
        """Keeps a verdict (good, bad, unsure; empty: none) on a reply, or on the whole conversation."""
        with writing(self._engine) as db:
            acting.judge(db, number, turn_id, verdict, reviewer)

    def correct(
        self, number: int, turn_id: str, part: str, line: str, example: Mapping[str, Any], reviewer: str
    ) -> None:
        """Keeps a line as it should have been."""
        with writing(self._engine) as db:
            acting.correct(db, number, turn_id, part, line, example, reviewer)

    def set_right(self, number: int, turn_id: str, item_id: str, reviewer: str, *, on: bool = True) -> None:
        """Says that a turn should have brought an item, or no longer."""
        with writing(self._engine) as db:
            acting.set_right(db, number, turn_id, item_id, reviewer, on=on)

    def hide(self, item_id: str, reviewer: str, *, on: bool = True) -> None:
        """Keeps an item out of recommendation, or lets it in again."""
        with writing(self._engine) as db:
            acting.hide(db, item_id, reviewer, on=on)

    def save_filter(self, name: str, query: str, reviewer: str) -> None:
        """Keeps a filter under a name; an empty query removes it."""
        with writing(self._engine) as db:
            acting.save_filter(db, name, query, reviewer)

    def saved_filters(self) -> list[SavedFilter]:
        """All saved filters."""
        with reading(self._engine) as db:
            return acting.saved_filters(db)

    def record(self, reviewer: str, act: str, what: str = "") -> None:
        """A line of the audit log for something that changes nothing here: a login, an export."""
        with writing(self._engine) as db:
            acting.record(db, reviewer, act, what)

    def audit(self, limit: int = 100, before: int | None = None) -> list[tuple[int, AuditEntry]]:
        """The last lines of the audit log, newest first, with their keys."""
        with reading(self._engine) as db:
            return acting.audit(db, limit, before)

    def judged_by_several(self) -> list[Verdict]:
        """The verdicts on all that two or more reviewers have judged."""
        with reading(self._engine) as db:
            return acting.judged_by_several(db)

    def cookie_key(self) -> str:
        """The key that signs reviewers' cookies, made at the first call."""
        with writing(self._engine) as db:
            return acting.cookie_key(db)
