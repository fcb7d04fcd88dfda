"""The figures of a run: as a table for a person at a shell, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("recall@1", "recall@10", "recall@50", "mrr@10", "ndcg@10", "coverage@10", "diversity@10", "novelty@10")
SHARES = frozenset(COLUMNS[:6])
"""Shown in percent."""


def as_json(figures: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]) -> dict[str, Any]:
    """`{"methods": {name: figures}, …}`; shares of 1, six digits."""
    return {"methods": {name: _rounded(found) for name, found in figures.items()}, **about}


def as_text(figures: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]) -> str:
    """A table, with the interval of Recall@10 and Recall@10 by recommending turn."""
    width = max(len(name) for name in figures)
    counted = ", ".join(f"{value} {name}" for name, value in about.items() if isinstance(value, int))
    head = [f"{'':{width}}", *(f"{column:>12}" for column in COLUMNS), f"{'95 % of recall@10':>18}", "  by turn"]
    lines = [counted, "  ".join(head)]
    for name, found in figures.items():
        low, high = found["intervals"]["recall@10"]
        turns = "  ".join(f"{nth}: {100 * share:.1f}" for nth, share in found["recall@10 by turn"].items())
        cells = [f"{name:{width}}", *(f"{_cell(column, found[column]):>12}" for column in COLUMNS)]
        lines.append("  ".join([*cells, f"{f'{100 * low:.1f} to {100 * high:.1f}':>18}", f"  {turns}"]))
    lines.append("shares in percent; by turn: recall@10 at a dialogue's first, second and later recommending turns")
    return "\n".join(lines)


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if column in SHARES else f"{value:.2f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(inner) for inner in value]
    return value
