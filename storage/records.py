"""What comes out of the store, and what goes in: plain frozen values that know nothing of a database.

Times are aware and in UTC. Ids are random, url-safe text. Mappings hold JSON values only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

JsonObject = Mapping[str, Any]
"""A JSON object: names to JSON values."""

Role = Literal["user", "bot"]
"""Who speaks in a message."""


def new_id() -> str:
    """A fresh id of 96 random bits: url-safe text of 16 characters."""
    return secrets.token_urlsafe(12)


def new_token() -> str:
    """A fresh bearer token of 256 random bits. The store keeps its hash only."""
    return secrets.token_urlsafe(32)


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ItemRecord:
    """One item of the catalogue as it was imported; `data` is the item in the catalogue's own schema."""

    id: str
    checksum: str
    domain: str
    available: bool
    data: JsonObject
    imported_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True)
class SessionRecord:
    """One conversation of one visitor. The token is not here: only `Store.authorize` looks at its hash.

    `visitor` is the site's own id of a signed-in person, or None; empty `domains` means all of them, empty `tags`
    that none is needed. `site`: the name of the site that it was opened for, empty for the one without a name.
    """

    session_id: str
    lang: str
    visitor: str | None
    domains: tuple[str, ...]
    context: JsonObject
    created_at: datetime
    last_at: datetime
    site: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestRecord:
    """A call that may come twice. `fingerprint`: of what was asked; `answer`: None until there is one."""

    key: str
    fingerprint: str
    answer: JsonObject | None
    created_at: datetime


@dataclass(frozen=True)
class MessageRecord:
    """One message. `turn_id` is its own id; the visitor's words and the answer are two messages.

    For the bot: `text` is what was said in all, `lines` the words by item id, `line_outcomes` how each part
    ("opening" or an item id) came about ({"outcome": "ok"} …), `timings` milliseconds by stage. `complete` is
    False while the reply is being made and stays so if it was cut off. `intent` and `understanding` say how
    the visitor's words were read.
    """

    turn_id: str
    session_id: str
    role: Role
    text: str
    lang: str
    intent: str | None
    understanding: JsonObject
    lines: Mapping[str, str]
    line_outcomes: Mapping[str, JsonObject]
    timings: Mapping[str, float]
    complete: bool
    created_at: datetime


@dataclass(frozen=True)
class ImpressionRecord:
    """One item shown. `rank` counts from 1; `score` is the sum of `parts`; `because` holds the reasons.

    `seen_at`: when its card was first truly in sight, where the page told; None where it was not, or nobody told.
    """

    rank: int
    item_id: str
    score: float
    parts: Mapping[str, float]
    because: tuple[JsonObject, ...] = ()
    seen_at: datetime | None = None


@dataclass(frozen=True)
class SlateDraft:
    """A slate about to be stored. Its id may be used before that, for instance in what goes to the page."""

    impressions: tuple[ImpressionRecord, ...]
    unmet: tuple[str, ...] = ()
    slate_id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class SlateRecord:
    """A slate that was shown, impressions by rank. `turn_id`: the bot's message it belongs to, if any."""

    slate_id: str
    session_id: str
    turn_id: str | None
    unmet: tuple[str, ...]
    impressions: tuple[ImpressionRecord, ...]
    created_at: datetime


@dataclass(frozen=True)
class FeedbackRecord:
    """What a visitor said of an item. `value`: seconds of a browse, stars of a rating, else None."""

    feedback_id: str
    session_id: str
    item_id: str
    kind: str
    value: float | None
    turn_id: str | None
    undone: bool
    created_at: datetime


@dataclass(frozen=True)
class InterestRecord:
    """A session's interest state. `version` grows by one with each write; a new session has {} and 0."""

    session_id: str
    state: JsonObject
    version: int
    updated_at: datetime


@dataclass(frozen=True)
class InterestChange:
    """A new interest state, with the version it was made from: the write holds only if that still stands."""

    state: JsonObject
    expected_version: int


@dataclass(frozen=True)
class TurnState:
    """All that a turn starts from. `shown_ids`: each item once, in the order it was first shown.

    `opening_ids`: those of them that only the slate before the first message showed, when nobody had asked yet.
    """

    session: SessionRecord
    interest: InterestRecord
    shown_ids: tuple[str, ...]
    feedback: tuple[FeedbackRecord, ...]
    opening_ids: tuple[str, ...] = ()
