"""Pictures as inline SVG, drawn on the server. Colours come from the style sheet by class; texts are escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from bot.web.review.statistics import Share

STRETCHED = frozenset({"pic-parts", "pic-spent"})
"""Bars without texts, as wide as there is room."""


def _svg(width: float, height: float, label: str, parts: Sequence[str], kind: str = "") -> Markup:
    drawn = Markup("").join(Markup(part) for part in parts)
    return Markup('<svg class="pic {}" viewBox="0 0 {:g} {:g}" {}role="img" aria-label="{}">{}</svg>').format(
        kind, width, height, Markup('preserveAspectRatio="none" ' if kind in STRETCHED else ""), label, drawn
    )


def days(counts: Sequence[tuple[str, int]], label: str) -> Markup:
    """Columns, one a day."""
    width, height, foot = 640.0, 150.0, 22.0
    top = max((count for _, count in counts), default=1)
    step = width / max(len(counts), 1)
    bar = min(step * 0.72, 34.0)
    parts = [f'<line class="axis" x1="0" y1="{height - foot}" x2="{width}" y2="{height - foot}"/>']
    every = max(1, len(counts) // 8 + (len(counts) % 8 > 0))
    for i, (day, count) in enumerate(counts):
        tall = (height - foot - 18) * count / top
        x = step * (i + 0.5)
        parts.append(
            f'<rect class="bar" x="{x - bar / 2:.1f}" y="{height - foot - tall:.1f}" width="{bar:.1f}" '
            f'height="{tall:.1f}" rx="2"><title>{escape(day)}: {count}</title></rect>'
        )
        if len(counts) <= 16:
            parts.append(f'<text class="num" x="{x:.1f}" y="{height - foot - tall - 5:.1f}">{count}</text>')
        if i % every == 0:
            parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 6}">{escape(day[5:])}</text>')
    return _svg(width, height, label, parts, "pic-days")


def intervals(rows: Sequence[tuple[str, Sequence[Share]]], label: str) -> Markup:
    """A line a row: each share as a point in its interval; several in a row are several spans."""
    left, width, row = 118.0, 640.0, 34.0
    height = row * max(len(rows), 1) + 24
    top = max((one.high for _, shares in rows for one in shares if one.total), default=0.1) or 0.1
    top = min(1.0, max(top, 0.05))
    scale = (width - left - 92) / top
    parts = []
    for tick in range(5):
        x = left + scale * top * tick / 4
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height - 20:.1f}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 5:.1f}">{100 * top * tick / 4:.0f}%</text>')
    for i, (name, shares) in enumerate(rows):
        parts.append(f'<text class="name" x="0" y="{row * (i + 0.5) + 5:.1f}">{escape(name)}</text>')
        for j, one in enumerate(shares):
            y = row * (i + 0.5) + 9 * (j - (len(shares) - 1) / 2)
            if not one.total:
                continue
            low, high, x = (left + scale * value for value in (one.low, one.high, one.value))
            told = f"{100 * one.value:.1f}% ({100 * one.low:.1f}–{100 * one.high:.1f}%), {one.hits}/{one.total}"
            parts.append(
                f'<g class="span-{j}"><title>{told}</title>'
                f'<line class="reach" x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}"/>'
                f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="4"/></g>'
                f'<text class="value" x="{width:.1f}" y="{y + 4:.1f}">{one.hits}/{one.total}</text>'
            )
    return _svg(width, height, label, parts, "pic-rates")


def stages(rows: Sequence[tuple[str, float, float]], label: str) -> Markup:
    """A bar a stage: (name, half are quicker, 95 of 100 are quicker) in milliseconds."""
    left, width, row = 118.0, 640.0, 26.0
    top = max((slow for _, _, slow in rows), default=1.0) or 1.0
    scale = (width - left - 130) / top
    parts = []
    for i, (name, half, slow) in enumerate(rows):
        y = row * i + 6
        parts.append(
            f'<text class="name" x="0" y="{y + 12}">{escape(name)}</text>'
            f'<rect class="bar-soft" x="{left}" y="{y}" width="{max(1.0, scale * slow):.1f}" height="14" rx="3"/>'
            f'<rect class="bar" x="{left}" y="{y}" width="{max(1.0, scale * half):.1f}" height="14" rx="3"/>'
            f'<text class="value" x="{width}" y="{y + 12}">{half:,.0f} / {slow:,.0f} ms</text>'
        )
    return _svg(width, row * max(len(rows), 1) + 6, label, parts, "pic-stages")


def parts_bar(parts: Mapping[str, float], names: Mapping[str, str], label: str) -> Markup:
    """The parts of a score side by side: what speaks for the item to the right, what speaks against it below."""
    width = 200.0
    total = sum(value for value in parts.values() if value > 0) or 1.0
    drawn, x = [], 0.0
    for name, value in sorted(parts.items(), key=lambda part: -part[1]):
        long = width * abs(value) / total
        told = f"{names.get(name, name)} {value:+.2f}"
        if value > 0:
            drawn.append(
                f'<rect class="part part-{escape(name)}" x="{x:.1f}" y="0" width="{max(long, 0.5):.1f}" height="8">'
                f"<title>{escape(told)}</title></rect>"
            )
            x += long
        elif value < 0:
            drawn.append(
                f'<rect class="part part-against" x="0" y="10" width="{min(width, long):.1f}" height="4">'
                f"<title>{escape(told)}</title></rect>"
            )
    return _svg(width, 14, label, drawn, "pic-parts")


def threads(before: Sequence[tuple[str, float]], after: Sequence[tuple[str, float]], label: str) -> Markup:
    """Lines of interest before and after a turn: (label, weight 0-1); the weight is the bar's length."""
    names = list(dict.fromkeys([name for name, _ in after] + [name for name, _ in before]))[:6]
    was, now = dict(before), dict(after)
    width, row, left = 360.0, 30.0, 150.0
    drawn = []
    for i, name in enumerate(names):
        y = row * i + 4
        old, new = was.get(name, 0.0), now.get(name, 0.0)
        short = name if len(name) <= 12 else name[:11] + "…"
        arrow = "·" if abs(new - old) < 0.02 else "↑" if new > old else "↓"
        drawn.append(
            f"<g><title>{escape(name)}: {old:.2f} → {new:.2f}</title>"
            f'<text class="name" x="0" y="{y + 14}">{escape(short)}</text>'
            f'<rect class="bar-soft" x="{left}" y="{y + 1}" width="{max(1.0, 120 * old):.1f}" height="6" rx="2"/>'
            f'<rect class="bar" x="{left}" y="{y + 9}" width="{max(1.0, 120 * new):.1f}" height="9" rx="2"/>'
            f'<text class="value" x="{width}" y="{y + 15}">{old:.2f} {arrow} {new:.2f}</text></g>'
        )
    return _svg(width, row * max(len(names), 1), label, drawn, "pic-threads")


def spent(timings: Sequence[tuple[str, float]], label: str) -> Markup:
    """The time of one reply, stage after stage, in one bar."""
    total = sum(value for _, value in timings) or 1.0
    width, x, drawn = 360.0, 0.0, []
    for i, (stage, value) in enumerate(timings):
        long = width * value / total
        drawn.append(
            f'<rect class="stage-{i % 4}" x="{x:.1f}" y="0" width="{max(long, 0.3):.1f}" height="8">'
            f"<title>{escape(stage)}: {value:.0f} ms</title></rect>"
        )
        x += long
    return _svg(width, 8, f"{label} {total:.0f} ms", drawn, "pic-spent")
