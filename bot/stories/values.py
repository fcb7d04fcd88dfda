"""Values of a story file, checked: each function takes where it stands, and gives the value or raises StoryError."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bot.stories.story import Range, Scalar
from errors import StoryError


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the files a value stands: the file, the story and turn in words, and the field."""

    file: str
    story: str
    field: str = ""

    def of(self, field: str | int) -> Place:
        """The place of a field inside this one, or of the nth of a list."""
        name = f"[{field}]" if isinstance(field, int) else f".{field}" if self.field else field
        return Place(self.file, self.story, self.field + name)

    def wrong(self, reason: str) -> StoryError:
        """The error to raise about this place."""
        return StoryError(file=self.file, place=self.story, field=self.field or "story", reason=reason)


def mapping(place: Place, raw: Any, allowed: Collection[str] = (), required: Collection[str] = ()) -> dict[str, Any]:
    """Names to values. `allowed`: the names that are known (any, where there are none)."""
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise place.wrong(f"must be names and values{_of(allowed)}, not {_told(raw)}")
    for key in raw:
        if allowed and key not in allowed:
            raise place.of(key).wrong(f"is not known{_of(allowed)}")
    for key in required:
        if key not in raw:
            raise place.of(key).wrong("is missing")
    return raw


def sequence(place: Place, raw: Any) -> list[Any]:
    """A list with something in it."""
    if not isinstance(raw, list) or not raw:
        raise place.wrong(f"must be a list with something in it, not {_told(raw)}")
    return raw


def text(place: Place, raw: Any) -> str:
    """A text that is not empty. What YAML reads as something else (no, 1999) needs quotation marks."""
    if not isinstance(raw, str):
        raise place.wrong(f"must be text, not {_told(raw)}; quotation marks make it one")
    if not raw.strip():
        raise place.wrong("must not be empty")
    return raw


def one_of(place: Place, raw: Any, allowed: Collection[str]) -> str:
    """One of some texts."""
    if raw not in allowed:
        raise place.wrong(f"must be one of {', '.join(allowed)}, not {_told(raw)}")
    return str(raw)


def texts(place: Place, raw: Any) -> tuple[str, ...]:
    """A list of texts; a single one may stand for itself."""
    listed = sequence(place, raw) if isinstance(raw, list) else [raw]
    return tuple(text(place, one) for one in listed)


def scalars(place: Place, raw: Any) -> tuple[Scalar, ...]:
    """A list of texts, numbers or yes/no; a single one may stand for itself."""
    listed = sequence(place, raw) if isinstance(raw, list) else [raw]
    for one in listed:
        if not isinstance(one, str | int | float):
            raise place.wrong(f"must be text, a number, true or false, or a list of them, not {_told(one)}")
    return tuple(listed)


def flag(place: Place, raw: Any) -> bool:
    """True or false."""
    if not isinstance(raw, bool):
        raise place.wrong(f"must be true or false, not {_told(raw)}")
    return raw


def number(place: Place, raw: Any) -> float:
    """A number."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not isfinite(raw):
        raise place.wrong(f"must be a number, not {_told(raw)}")
    return raw


def whole(place: Place, raw: Any, least: int = 0) -> int:
    """A whole number of at least `least`."""
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < least:
        raise place.wrong(f"must be a whole number from {least}, not {_told(raw)}")
    return raw


def limits(place: Place, raw: Any) -> Range:
    """`{min, max}`, one of which may be left out."""
    given = mapping(place, raw, ("min", "max"))
    if not given:
        raise place.wrong("needs min, max or both")
    found = {name: number(place.of(name), value) for name, value in given.items()}
    low, high = found.get("min"), found.get("max")
    if low is not None and high is not None and low > high:
        raise place.wrong(f"min {low:g} is above max {high:g}")
    return Range(low, high)


def _of(allowed: Collection[str]) -> str:
    return f" (allowed: {', '.join(allowed)})" if allowed else ""


def _told(raw: Any) -> str:
    """A value as the reader of an error would recognise it."""
    match raw:
        case None:
            return "nothing"
        case bool():
            return "true" if raw else "false"
        case dict():
            return "names and values"
        case list():
            return "a list" if raw else "an empty list"
        case str():
            return f"“{raw[:40]}”"
    return str(raw)
