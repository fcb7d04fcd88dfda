"""What the audit found, in figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bot.phrasing.prompts import prompt

from .sources import Said

FIRST = 300
"""Lines of a language that are looked at for variety."""
BEGINNING = 6
"""Characters by which two lines begin alike."""


def summary(lines: Sequence[Said]) -> dict[str, Any]:
    """Counts and shares over the lines of one source; variety is of the lines that are not fixed, by language."""
    asked = [said for said in lines if said.line.outcome != "fixed"]
    replaced = sum(said.line.outcome == "plain" for said in asked)
    return {
        "lines": len(lines),
        "lines with violations": sum(bool(said.wrong) for said in lines),
        "violations": dict(Counter(found.kind for said in lines for found in said.wrong)),
        "outcomes": {name: share(count, len(lines)) for name, count in Counter(s.line.outcome for s in lines).items()},
        "replaced by a plain sentence": share(replaced, len(asked)),
        "language right": 1 - share(sum(any(f.kind == "language" for f in s.wrong) for s in lines), len(lines)),
        "by language": {
            lang: _variety([said for said in asked if said.request.lang == lang], lang) for lang in ("zh", "en")
        },
    }


def _variety(lines: Sequence[Said], lang: str) -> dict[str, Any]:
    texts = [said.text for said in lines]
    told: dict[str, Any] = {"lines": len(texts), "distinct-2": distinct_2(texts[:FIRST], lang)}
    told["mean length"] = round(sum(len(_units(text, lang)) for text in texts) / max(len(texts), 1), 1)
    for name, of_items in (("openings", False), ("item lines", True)):
        chosen = [said.text for said in lines if (said.request.part != "opening") == of_items][:FIRST]
        largest, any_group = alike(chosen)
        told[name] = {"lines": len(chosen), "largest group that begins alike": largest, "in any such group": any_group}
    return told


def distinct_2(texts: Sequence[str], lang: str) -> float:
    """Different pairs of neighbours (characters in Chinese, words in English) as a share of all."""
    pairs = [pair for text in texts for pair in pairwise(_units(text, lang))]
    return share(len(set(pairs)), len(pairs))


def alike(texts: Sequence[str]) -> tuple[float, float]:
    """The share of lines in the largest group with the same beginning, and in all groups of two and more."""
    groups = [count for count in Counter(text[:BEGINNING] for text in texts).values() if count > 1]
    return share(max(groups, default=0), len(texts)), share(sum(groups), len(texts))


def share(part: int, whole: int) -> float:
    """A share, to four places; 0 of nothing is 0."""
    return round(part / whole, 4) if whole else 0.0


def as_text(name: str, told: Mapping[str, Any], lines: Sequence[Said]) -> str:
    """The figures of a source, and each line with violations with its facts."""
    return "\n".join([f"\n== {name}", *_rows(told), *_wrong(lines)])


def as_json(source: str, said: Said) -> dict[str, Any]:
    """A line with all that is known of it."""
    return {
        "source": source,
        "kind": type(said.request).__name__,
        "lang": said.request.lang,
        "facts": prompt(said.request).text,
        "line": said.text,
        **said.line.as_json(),
        "wrong": [f"{found.kind}: {found.text}" for found in said.wrong],
    }


def _rows(told: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    for name, value in told.items():
        if isinstance(value, Mapping) and any(isinstance(inner, Mapping) for inner in value.values()):
            yield f"{indent}{name}"
            yield from _rows(value, indent + "  ")
        elif isinstance(value, Mapping):
            yield f"{indent}{name}: {', '.join(f'{key} {inner}' for key, inner in value.items()) or 'none'}"
        else:
            yield f"{indent}{name}: {value}"


def _wrong(lines: Sequence[Said]) -> Iterator[str]:
    for said in lines:
        if said.wrong:
            yield f"\n  {'; '.join(f'{found.kind}: {found.text}' for found in said.wrong)}  [{said.line.outcome}]"
            yield f"    {said.text}"
            yield from (f"    | {row}" for row in prompt(said.request).text.split("\n"))


def _units(text: str, lang: str) -> list[str]:
    return re.findall(r"\w", text) if lang == "zh" else re.findall(r"[\w']+", text.lower())
