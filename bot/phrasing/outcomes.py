"""How the lines of a reply came about, and what that makes of the reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["ok", "retried", "cut", "plain", "fixed", "none"]
Trouble = Literal["", "failed", "slow", "none"]
Words = Literal["model", "plain", "mixed"]

MISSED = frozenset({"failed", "slow"})
"""Troubles that a reply is marked for: the model was wanted and did not do its part."""
BY_MODEL = frozenset({"ok", "retried", "cut"})


@dataclass(frozen=True)
class Line:
    """A line as it went out.

    `outcome`: ok; retried (a second try gave it); cut (ended before something ungrounded or unfinished); plain (a
    plain sentence took its place, or follows what little was left); fixed (needs no model); none (no model).
    `violations`: what the check found, try by try; empty where it found nothing. `trouble`: why the model did not
    finish the line: failed, slow, or none where there is no model.
    """

    text: str
    outcome: Outcome
    violations: tuple[tuple[str, ...], ...] = ()
    trouble: Trouble = ""

    def as_json(self) -> dict[str, Any]:
        """How it came about, as it is stored."""
        told: dict[str, Any] = {"outcome": self.outcome}
        if self.trouble:
            told["trouble"] = self.trouble
        if self.violations:
            told["violations"] = [list(found) for found in self.violations]
        return told


def words_of(lines: Iterable[Mapping[str, Any]]) -> tuple[Words, Trouble]:
    """Who wrote a reply, and what kept the model from it, by its stored lines. Fixed ones count for neither."""
    asked = [line for line in lines if line["outcome"] != "fixed"]
    by_model = [line["outcome"] in BY_MODEL for line in asked]
    words: Words = "plain" if not any(by_model) else "model" if all(by_model) else "mixed"
    return words, next((line["trouble"] for line in asked if line.get("trouble")), "")
