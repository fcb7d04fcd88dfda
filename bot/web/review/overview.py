"""The overview's pictures: one span of time and filters, or two side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from bot.web.review import filters, pictures
from bot.web.review.filters import Asked
from bot.web.review.pages import Texts
from bot.web.review.statistics import Share, quantile, share
from storage.reviewing.records import Figures

OTHER = "b_"
"""Begins the names of the second side's filters."""
RATES = ("like", "click", "purchase", "dislike")
STAGES = ("wait", "understand", "encode", "update", "recommend", "store", "first_words", "words")
BY_MODEL = frozenset({"ok", "retried", "cut"})
DAYS = 30
MOST_DOMAINS = 12


@dataclass(frozen=True)
class Drawn:
    """The pictures; where there are two sides, rates have both, and days and stages one each."""

    days: tuple[Markup, ...]
    by_rank: Mapping[str, Markup]
    by_domain: Mapping[str, Markup]
    stages: tuple[Markup, ...]
    plain: tuple[Share, ...]
    replaced: tuple[Share, ...]


def read_sides(query: Mapping[str, str]) -> list[Asked]:
    """The first side, the last days where nothing is said of time; and the second where there is one."""
    first = {name: value for name, value in query.items() if not name.startswith(OTHER)}
    second = {name.removeprefix(OTHER): value for name, value in query.items() if name.startswith(OTHER) and value}
    if not first.get("since") and not first.get("until"):
        first["since"] = f"{datetime.now(UTC) - timedelta(days=DAYS):%Y-%m-%d}"
    return [filters.read(first), *([filters.read(second)] if second else [])]


def drawn(sides: Sequence[Figures], t: Texts) -> Drawn:
    """All pictures of one or two sides."""
    domains = {name: {"domain": name} for name in _most(sides)}
    ranks = {t("position", n=rank): {"rank": rank} for rank in _ranks(sides)}
    return Drawn(
        days=tuple(pictures.days(side.days, t("by_day")) for side in sides),
        by_rank={act: _by(sides, act, ranks, f"{t.value('feedback', act)}, {t('by_position')}") for act in RATES},
        by_domain={act: _by(sides, act, domains, f"{t.value('feedback', act)}, {t('by_domain')}") for act in RATES},
        stages=tuple(pictures.stages(_stages(side, t), t("by_stage")) for side in sides),
        plain=tuple(_outcomes(side, lambda how: how not in BY_MODEL) for side in sides),
        replaced=tuple(_outcomes(side, lambda how: how == "plain") for side in sides),
    )


def _by(sides: Sequence[Figures], act: str, rows: Mapping[str, Mapping[str, Any]], label: str) -> Markup:
    """`rows`: name → the fields that what was shown must have."""
    return pictures.intervals(
        [(name, [_rate(side, act, wanted) for side in sides]) for name, wanted in rows.items()], label
    )


def _rate(side: Figures, act: str, wanted: Mapping[str, Any]) -> Share:
    shown = [one for one in side.shown if all(getattr(one, name) == value for name, value in wanted.items())]
    return share(sum(act in one.acts for one in shown), len(shown))


def _ranks(sides: Sequence[Figures]) -> list[int]:
    return sorted({one.rank for side in sides for one in side.shown})


def _most(sides: Sequence[Figures]) -> list[str]:
    counts: dict[str, int] = {}
    for side in sides:
        for one in side.shown:
            if one.domain:
                counts[one.domain] = counts.get(one.domain, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:MOST_DOMAINS]


def _stages(side: Figures, t: Texts) -> list[tuple[str, float, float]]:
    known = [stage for stage in STAGES if side.timings.get(stage)]
    return [
        (t.value("stage", stage), quantile(side.timings[stage], 0.5), quantile(side.timings[stage], 0.95))
        for stage in known
    ]


def _outcomes(side: Figures, wanted: Callable[[str], bool]) -> Share:
    """Of the lines that are not fixed ones."""
    asked = {how: count for how, count in side.outcomes.items() if how != "fixed"}
    return share(sum(count for how, count in asked.items() if wanted(how)), sum(asked.values()))
