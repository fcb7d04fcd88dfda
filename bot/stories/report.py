"""What playing stories showed: for a person at a shell, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import yaml

from bot.stories.play import StoryReport

Reports = Mapping[str, Sequence[StoryReport]]
"""Method → the stories, played so."""


@dataclass(frozen=True, slots=True)
class Tally:
    """So many expectations, of which so many were met."""

    expectations: int
    met: int

    @property
    def share(self) -> float:
        """Of all, the part that was met; 1 where nothing was expected."""
        return self.met / self.expectations if self.expectations else 1.0

    def as_json(self) -> dict[str, Any]:
        """The two counts and the share."""
        return {"expectations": self.expectations, "met": self.met, "share": round(self.share, 4)}


def tally(reports: Iterable[StoryReport]) -> Tally:
    """The count over some stories."""
    met = [outcome.met for report in reports for outcome in report.outcomes]
    return Tally(len(met), sum(met))


def by_capability(reports: Sequence[StoryReport]) -> dict[str, Tally]:
    """Capability → its count, in order of first appearance."""
    names = dict.fromkeys(report.story.capability for report in reports)
    return {name: tally(r for r in reports if r.story.capability == name) for name in names}


def as_json(reports: Reports) -> dict[str, Any]:
    """Each method's counts, in all and by capability, and its failures."""
    return {
        "methods": {
            method: {
                **tally(played).as_json(),
                "stories": len(played),
                "capabilities": {name: count.as_json() for name, count in by_capability(played).items()},
                "failures": [failure for report in played for failure in _failures(report)],
            }
            for method, played in reports.items()
        }
    }


def as_text(reports: Reports) -> str:
    """The table, after the failures of the first method."""
    first = next(iter(reports.values()))
    return "\n".join([*failure_lines(first), table(reports)])


def failure_lines(reports: Iterable[StoryReport]) -> Iterator[str]:
    """Each expectation that failed: where, what was said, what was expected, why it failed, what was shown."""
    for report in reports:
        for failed in report.failed:
            story = report.story
            yield f"{story.file}: {story.name}, turn {failed.turn}: {failed.said}"
            yield f"    expected {failed.key} {_flow(failed.value)}".rstrip()
            yield f"    but      {failed.why}"
            yield f"    shown    {'; '.join(failed.shown) or 'no cards'}"


def table(reports: Reports) -> str:
    """Capabilities down, methods across: the share of expectations met; with one method, the counts too."""
    tallies = {method: by_capability(played) for method, played in reports.items()}
    names = list(dict.fromkeys(name for counts in tallies.values() for name in counts))
    width = max(map(_width, [*names, "expectations met"]))
    rows = [(name, [counts[name] for counts in tallies.values()]) for name in names]
    rows.append(("all", [tally(played) for played in reports.values()]))
    head = _padded("expectations met", width) + "".join(f"{method:>16}" for method in tallies)
    return "\n".join([head, *(_padded(name, width) + "".join(map(_cell, counts)) for name, counts in rows)])


def _cell(count: Tally) -> str:
    counted = f"{count.met}/{count.expectations}"
    return f"{counted:>9}{count.share:7.1%}"


def _failures(report: StoryReport) -> list[dict[str, Any]]:
    story = report.story
    return [
        {
            "file": story.file,
            "story": story.name,
            "capability": story.capability,
            "turn": failed.turn,
            "said": failed.said,
            "expected": {failed.key: failed.value},
            "why": failed.why,
            "shown": list(failed.shown),
        }
        for failed in report.failed
    ]


def _flow(value: Any) -> str:
    """The expectation as it would stand in the file, on one line."""
    if value is None:
        return ""
    written: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return written.removesuffix("...\n").strip()


def _width(text: str) -> int:
    """Columns on a terminal, where a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
