"""What reviewing gives out: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from storage.records import FeedbackRecord, MessageRecord, SessionRecord, SlateRecord

VERDICTS = ("good", "bad", "unsure")
WHOLE = ""
"""Stands for the turn where the whole conversation is meant."""


@dataclass(frozen=True)
class Filter:
    """Which conversations. Empty: whatever. `since` (included) and `until` (excluded): when they began.

    `marks`: terms that must all be there, such as `lang:zh`; `text`: words that were all said, by either side.
    """

    marks: tuple[str, ...] = ()
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Conversation:
    """A conversation in a list. `opening`: the visitor's first words; `marks`: by name, such as feedback → like."""

    number: int
    session_id: str
    lang: str
    site: str
    started_at: datetime
    last_at: datetime
    turns: int
    slowest_ms: float
    opening: str
    marks: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Page:
    """A stretch of a list, newest first. `newer`, `older`: whether there is more on that side."""

    conversations: tuple[Conversation, ...]
    newer: bool
    older: bool


@dataclass(frozen=True)
class Note:
    """A reviewer's note; `turn_id` is empty where it is on the whole conversation."""

    id: int
    turn_id: str
    text: str
    reviewer: str
    created_at: datetime


@dataclass(frozen=True)
class Verdict:
    """A reviewer's verdict: good, bad or unsure; `turn_id` is empty where it is on the whole conversation."""

    number: int
    turn_id: str
    reviewer: str
    verdict: str
    created_at: datetime


@dataclass(frozen=True)
class Correction:
    """A line as it should have been. `part`: "opening" or an item id; `example`: as `zhiyin train` reads it."""

    number: int
    turn_id: str
    part: str
    line: str
    example: Mapping[str, Any]
    reviewer: str
    created_at: datetime


@dataclass(frozen=True)
class Replay:
    """One conversation with all that is held on it and all that reviewers added.

    `moments`: the interest after a reply, by its turn id; `items`: shown or marked items as they are in the catalogue
    now, by id; `right`: turn id → ids of the items that it should have brought.
    """

    number: int
    session: SessionRecord
    messages: tuple[MessageRecord, ...]
    slates: tuple[SlateRecord, ...]
    feedback: tuple[FeedbackRecord, ...]
    moments: Mapping[str, Mapping[str, Any]]
    items: Mapping[str, Mapping[str, Any]]
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    corrections: tuple[Correction, ...] = ()
    right: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    @cached_property
    def answers(self) -> Mapping[str, SlateRecord]:
        """The slates that answered a message, by the turn id of the reply."""
        return {slate.turn_id: slate for slate in self.slates if slate.turn_id}


@dataclass(frozen=True)
class AuditEntry:
    """What a reviewer did, and when."""

    at: datetime
    reviewer: str
    act: str
    what: str


@dataclass(frozen=True)
class SavedFilter:
    """A filter with a name: the query part of the list's address."""

    name: str
    query: str


@dataclass(frozen=True)
class Shown:
    """One item on a slate that answered a message, and what the visitor did with it there or later."""

    rank: int
    item_id: str
    domain: str
    acts: frozenset[str]


@dataclass(frozen=True)
class Figures:
    """Counts over conversations. `sampled`: of how many of the newest all but `days` and `found` was counted.

    `days`: (day, conversations); `unmet`: wishes that the catalogue lacks, each with how often it was said, and the
    newest conversation in which; `outcomes`: how lines came about → how many; `timings`: stage → milliseconds.
    """

    found: int
    sampled: int
    turns: int
    days: tuple[tuple[str, int], ...]
    shown: tuple[Shown, ...]
    unmet: tuple[tuple[str, int, int], ...]
    outcomes: Mapping[str, int]
    timings: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class ItemFigures:
    """An item of the catalogue with how often it was shown, and what was done with it."""

    item_id: str
    data: Mapping[str, Any]
    available: bool
    hidden: bool
    shown: int
    acts: Mapping[str, int]
