"""The list's filters as they stand in the address, and what they ask of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from errors import InputError
from storage.reviewing.records import VERDICTS, Filter

SWITCHES = ("unmet", "replaced", "plain", "slow", "cut", "corrected")
"""Filters that are on or off."""
MARK_OF = {
    "unmet": "unmet:yes",
    "replaced": "words:replaced",
    "plain": "words:plain",
    "slow": "slow:yes",
    "cut": "cut:yes",
    "corrected": "corrected:yes",
}
CHOICES = ("lang", "site", "domain", "feedback", "intent", "state", "verdict", "tag")
"""Filters with a value; each is a mark of its name."""
FIXED = {"lang": ("zh", "en"), "state": ("open", "reviewed"), "verdict": VERDICTS}
PLACES = ("before", "after")
OTHERS = ("q", "since", "until", *PLACES)
LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """The filters of an address. `values`: by name, in their order; nothing that is empty."""

    values: Mapping[str, str]
    filter: Filter
    before: int | None = None
    after: int | None = None

    def query(self, **changed: str) -> str:
        """The address's query part with some filters changed; the place in the list is left out."""
        return urlencode({name: value for name, value in {**self.values, **changed}.items() if value})


def read(query: Mapping[str, str]) -> Asked:
    """Reads an address. Raises InputError with the name of a filter that is unknown or wrong."""
    known = {*SWITCHES, *CHOICES, *OTHERS}
    if unknown := [name for name in query if name not in known]:
        allowed = ", ".join([*OTHERS[:3], *CHOICES, *SWITCHES])
        raise InputError(
            field=unknown[0][:40],
            zh_reason=f"没有这个筛选条件，可用的有 {allowed}",
            reason=f"no such filter; allowed: {allowed}",
        )
    values = {name: value.strip()[:LONGEST] for name, value in query.items() if name not in PLACES and value.strip()}
    marks = [MARK_OF[name] for name in SWITCHES if _switch(name, values.get(name, ""))]
    marks += [f"{name}:{_choice(name, values[name])}" for name in CHOICES if name in values]
    wanted = Filter(
        marks=tuple(marks),
        text=values.get("q", ""),
        since=_day("since", values.get("since")),
        until=_day("until", values.get("until")),
    )
    if wanted.until is not None:
        wanted = replace(wanted, until=wanted.until + timedelta(days=1))
    return Asked(values, wanted, _number("before", query.get("before")), _number("after", query.get("after")))


def _switch(name: str, value: str) -> bool:
    if value not in ("", "yes"):
        raise InputError(field=name, zh_reason="只能是 yes", reason="allowed: yes")
    return value == "yes"


def _choice(name: str, value: str) -> str:
    if name in FIXED and value not in FIXED[name]:
        allowed = ", ".join(FIXED[name])
        raise InputError(field=name, zh_reason=f"只能是 {allowed}", reason=f"allowed: {allowed}")
    return "" if name == "site" and value == "-" else value


def _day(name: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InputError(
            field=name, zh_reason="应是 2026-01-31 这样的日期", reason="a day such as 2026-01-31"
        ) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _number(name: str, value: str | None) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise InputError(field=name, zh_reason="应是会话编号", reason="the number of a conversation")
    return int(value)
