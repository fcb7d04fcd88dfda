"""What goes over the wire, apart from how it goes: the questions as plain values, the answers as types."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

Kind = Literal["like", "dislike", "hide", "click", "browse", "purchase", "rating", "undo"]
Json = dict[str, Any]


class Problem(Exception):
    """The app refused or failed: `status`, a stable `code`, a sentence, and the `field` that is wrong, if one is.

    `retry_after`: seconds after which to come again, where it said so.
    """

    def __init__(self, status: int, code: str, detail: str, field: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.field, self.retry_after = status, code, detail, field, retry_after

    @classmethod
    def of(cls, status: int, body: bytes, retry_after: str | None) -> Problem:
        """From an answer; one that is no problem document (from a proxy, say) gets the code `http`."""
        try:
            told = json.loads(body)
            code, detail, wrong = str(told["code"]), str(told["detail"]), str(told.get("field", ""))
        except (ValueError, KeyError, TypeError):
            code, detail, wrong = "http", body[:200].decode(errors="replace"), ""
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
        return cls(status, code, detail, wrong, seconds)


@dataclass(frozen=True)
class Card:
    """An item on a slate. `raw`: all that the app said of it."""

    id: str
    title: str
    domain: str
    price: float | None
    currency: str | None
    url: str | None
    because: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Card:
        """From JSON."""
        because = tuple(reason["text"] for reason in raw["because"])
        return cls(
            id=raw["id"],
            title=raw["title"],
            domain=raw["domain"],
            price=raw["price"],
            currency=raw["currency"],
            url=raw["url"],
            because=because,
            raw=raw,
        )


@dataclass(frozen=True)
class Slate:
    """What is shown, best first; `unmet`: wishes that nothing meets."""

    slate_id: str
    items: tuple[Card, ...]
    unmet: tuple[str, ...]

    @classmethod
    def of(cls, raw: Json) -> Slate:
        """From JSON."""
        return cls(raw["slate_id"], tuple(Card.of(card) for card in raw["items"]), tuple(raw["unmet"]))


@dataclass(frozen=True)
class Delta:
    """New words: of the opening or of an item's line (`part` is then its id)."""

    part: str
    text: str


@dataclass(frozen=True)
class Reply:
    """A whole reply. `lines`: words by item id; `complete`: False where it was cut off."""

    turn_id: str
    slate: Slate
    text: str
    lines: Mapping[str, str]
    intent: str
    complete: bool

    @classmethod
    def of(cls, raw: Json) -> Reply:
        """From JSON."""
        return cls(raw["turn_id"], Slate.of(raw["slate"]), raw["text"], raw["lines"], raw["intent"], raw["complete"])


Event = Slate | Delta | Reply
"""A reply as it comes: one Slate, any number of Deltas, one Reply."""


@dataclass(frozen=True)
class Conversation:
    """A session as it stands. `turns`, `interest`: as the interface has them; `before`: names older turns, if any."""

    session_id: str
    lang: str
    turns: tuple[Mapping[str, Any], ...]
    interest: Mapping[str, Any]
    before: str | None

    @classmethod
    def of(cls, raw: Json) -> Conversation:
        """From JSON."""
        return cls(raw["session_id"], raw["lang"], tuple(raw["turns"]), raw["interest"], raw.get("before"))


@dataclass(frozen=True)
class Opened:
    """What a new session begins with."""

    session_id: str
    token: str = field(repr=False)
    greeting: str
    suggestions: tuple[str, ...]
    slate: Slate

    @classmethod
    def of(cls, raw: Json) -> Opened:
        """From JSON."""
        return cls(raw["session_id"], raw["token"], raw["greeting"], tuple(raw["suggestions"]), Slate.of(raw["slate"]))


def visitor_hash(secret: str, visitor: str) -> str:
    """The proof of a visitor's identity: HMAC-SHA256 in hex. For your server only: the secret never leaves it."""
    return hmac.new(secret.encode(), visitor.encode(), hashlib.sha256).hexdigest()


def event_of(name: str, raw: Json) -> Event:
    """An event of a stream. Raises Problem for one that tells of an error."""
    match name:
        case "slate":
            return Slate.of(raw)
        case "delta":
            return Delta(raw["part"], raw["text"])
        case "done":
            return Reply.of(raw)
    raise Problem(int(raw.get("status", 500)), str(raw.get("code", "error")), str(raw.get("detail", "")))


class Lines:
    """Puts an event stream together, line by line."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []

    def take(self, line: str) -> Iterator[Event]:
        """The event that ends with this line, if one does. Names that are not known are passed over."""
        label, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if label == "event":
            self._name = value
        elif label == "data":
            self._data.append(value)
        elif not line and self._data:
            name, data = self._name, "\n".join(self._data)
            self._name, self._data = "", []
            if name in ("slate", "delta", "done", "error"):
                yield event_of(name, json.loads(data))


def opening(
    lang: str | None, site: str, domains: Iterable[str], visitor: str | None, proof: str | None, item_id: str | None
) -> Json:
    """The body that opens a session; what is not given is left out."""
    body: Json = {"lang": lang, "site": site or None, "domains": list(domains) or None, "visitor": visitor}
    body |= {"visitor_hash": proof, "context": {"item_id": item_id} if item_id else None}
    return {name: value for name, value in body.items() if value is not None}


def saying(text: str, item_id: str | None) -> Json:
    """The body of a message."""
    return {"text": text, **({"context": {"item_id": item_id}} if item_id else {})}


def looking_back(limit: int, before: str | None) -> str:
    """The query for the last turns, or those before one."""
    return f"?limit={limit}" + (f"&before={quote(before, safe='')}" if before else "")


def telling(item_id: str, kind: Kind, value: float | None, turn_id: str | None) -> Json:
    """The body of feedback."""
    body = {"item_id": item_id, "kind": kind, "value": value, "turn_id": turn_id}
    return {name: given for name, given in body.items() if given is not None}
