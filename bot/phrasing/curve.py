"""The course of a training: its losses as a table in a file, and as a picture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from xml.sax.saxutils import escape

TABLE, PICTURE = "curve.csv", "curve.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 56, 150, 28, 40
LINES = (
    ("taught", "taught", "#8a8f98"),
    ("items", "held out: items", "#1f6feb"),
    ("domains", "held out: kinds", "#d1570a"),
)
"""Field, label and colour of each line."""


@dataclass(frozen=True)
class Point:
    """Losses after `step` steps (mean negative log-likelihood a token, nats): of what was taught since the last point,
    of the held-out items, of the held-out domains. nan where there is none. `seconds`: since the training began."""

    step: int
    taught: float
    items: float
    domains: float
    seconds: float


def write_curve(folder: Path, points: Sequence[Point], title: str) -> None:
    """Write `curve.csv` and, where there are two points at least, `curve.svg`."""
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Point)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: f"{value:.6g}" if name != "step" else value for name, value in asdict(point).items()}
            for point in points
        )
    if len(points) > 1:
        (folder / PICTURE).write_text(picture(points, title), encoding="utf-8")


def read_curve(folder: Path) -> list[Point]:
    """The points in `curve.csv`; none where there is no such file."""
    path = folder / TABLE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Point(int(row["step"]), *(float(row[field.name]) for field in fields(Point)[1:]))
            for row in csv.DictReader(file)
        ]


def picture(points: Sequence[Point], title: str) -> str:
    """The losses over the steps, as SVG."""
    known: list[float] = [value for point in points for name, _, _ in LINES if (value := getattr(point, name)) == value]
    low, high, last = min(known), max(known), points[-1].step
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last

    def y(loss: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)

    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18" font-size="13">{escape(title)}</text>',
    ]
    for share in range(5):
        loss, step = low + (high - low) * share / 4, last * share / 4
        rows += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(loss):.1f}" y2="{y(loss):.1f}" stroke="#e3e5e8"/>',
            f'<text x="{LEFT - 6}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.2f}</text>',
            f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{step:.0f}</text>',
        ]
    rows.append(f'<text x="{x(last / 2):.1f}" y="{HEIGHT - 6}" text-anchor="middle">steps</text>')
    for number, (name, label, colour) in enumerate(LINES):
        seen = [(point.step, value) for point in points if (value := getattr(point, name)) == value]
        if seen:
            line = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in seen)
            rows.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
            at = TOP + 16 + 20 * number
            rows.append(f'<text x="{WIDTH - RIGHT + 10}" y="{at}" fill="{colour}">{label} {seen[-1][1]:.2f}</text>')
    return "\n".join([*rows, "</svg>", ""])
