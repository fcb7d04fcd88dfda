"""Scope of negation and liking: how each stretch of a message stands to what it speaks of.

A cue before its object (不要, 没那么喜欢, not, less, used to like) reaches to the end of its clause, or to the next
word that turns (但, but) or wants (喜欢, like). Enumerations (、, 和, or) stay in scope. A cue after its object
(就算了, isn't for me), or one with nothing after it (恐怖片我不喜欢), reaches back to the start of its clause.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.understanding.cues import Cue, blank, find
from retrieval.segment import HAN

REFUSED, WEAK, SILENT, MILD, LIKED, LOVED = -1.0, -0.4, 0.0, 0.2, 0.5, 0.9
"""Sentiment of a word: refused, wanted less, of another time (used to like), accepted, liked, loved."""

CLAUSE_END = re.compile(r"[，,。.；;！!？?\n]+(?!\d)|\s-\s|——")
BEFORE: dict[str, float] = {"refuse": REFUSED, "weak": WEAK, "past": SILENT, "mild": MILD}
"""Cues that stand before their object, and what they say of it."""
AFTER: dict[str, float] = {"refuse_after": REFUSED, "done": SILENT}
"""Cues that stand after it."""
LACKING = frozenset({"没有", "不含", "不带", "不加", "无"})
EMPTY = re.compile(
    r"(?:[\s的了啊吧呢嘛呀哦啦我你咱这那也都就再真还过给只是看推荐买听来现在其实已经最近]|了吧"
    r"|please|thanks|now|anymore|any more|at all"
    r"|really|actually|though|i'm|i am|i|is|are|am|it's|to|the|any|just)*"
)
"""What may stand beside a cue without being its object."""


@dataclass(frozen=True, slots=True)
class Stance:
    """A stretch of a text and the sentiment that its words have."""

    start: int
    end: int
    sentiment: float


def cue_events(text: str) -> list[Cue]:
    """The steering cues and the ends of clauses, in order; no character is read twice."""
    events: list[Cue] = []
    masked = text
    for kind in (
        "double_negative",
        "not_a_refusal",
        "past",
        "mild",
        "done",
        "refuse_after",
        "weak",
        "refuse",
        "turn",
        "want",
    ):
        found = find(kind, masked)
        masked = blank(masked, found)
        neutral = kind in ("double_negative", "not_a_refusal")
        events += [Cue("want", cue.start, cue.end) for cue in found] if neutral else found
    events += [Cue("clause", *match.span()) for match in CLAUSE_END.finditer(text)]
    return sorted(events, key=lambda cue: cue.start)


def stances(text: str, cues: Sequence[Cue] | None = None) -> tuple[Stance, ...]:
    """The stretches that stand under a cue, in order. What is in none is simply wished for.

    `cues`: the text's `cue_events`, where they are known already.
    """
    found: list[Stance] = []
    open_cue: Cue | None = None
    open_from = boundary = previous = 0
    events = [*(cue_events(text) if cues is None else cues), Cue("clause", len(text), len(text))]
    for cue in events:
        if open_cue is not None:
            inside = text[open_from : cue.start]
            if cue.kind == "want" and _is_empty(inside):
                open_from = cue.end  # "don't show me": the wanting word is what is refused
                continue
            if cue.kind == open_cue.kind and cue.kind == "refuse" and _is_empty(inside):
                open_from = cue.end
                continue
            sentiment = BEFORE[open_cue.kind]
            if not _is_empty(inside):
                found.append(Stance(open_from, cue.start - _head(text, open_cue, inside), sentiment))
            elif (
                cue.kind not in AFTER and _looks_back(text, open_cue) and not _is_empty(text[boundary : open_cue.start])
            ):
                found.append(Stance(boundary, open_cue.start, sentiment))
            open_cue = None
        if cue.kind in BEFORE:
            open_cue, open_from = cue, cue.end
        elif cue.kind in AFTER:
            start = boundary if not _is_empty(text[boundary : cue.start]) else previous
            if not any(s.start < cue.start and s.end > start for s in found):
                found.append(Stance(start, cue.start, AFTER[cue.kind]))
            previous = boundary = cue.end
        elif cue.kind == "clause":
            previous, boundary = boundary, cue.end
        elif cue.kind == "turn":
            previous = boundary = cue.end
    return tuple(sorted(found, key=lambda stance: stance.start))


def cue_spans(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """The characters of `cue_events` that say how something is felt about: they are no words of a wish themselves."""
    return [(cue.start, cue.end) for cue in cues if cue.kind in BEFORE or cue.kind in AFTER]


def refused_spans(text: str) -> list[tuple[int, int]]:
    """The (start, end) stretches that stand under a refusing cue."""
    return [(s.start, s.end) for s in stances(text) if s.sentiment == REFUSED and text[s.start : s.end].strip()]


def sentiment_at(place: int, found: Sequence[Stance], strong: Sequence[tuple[int, int]]) -> float:
    """The sentiment of the word at a place. `strong`: (from, to) stretches after a word of emphasis."""
    for stance in found:
        if stance.start <= place < stance.end:
            return stance.sentiment
    return LOVED if any(start <= place < end for start, end in strong) else LIKED


def strong_spans(text: str) -> list[tuple[int, int]]:
    """The stretches from a word of emphasis to the end of its clause."""
    ends = [match.start() for match in CLAUSE_END.finditer(text)]
    return [(c.end, min((e for e in ends if e >= c.end), default=len(text))) for c in find("strong", text)]


def _looks_back(text: str, cue: Cue) -> bool:
    """Whether a cue with nothing after it speaks of what is before: 恐怖片我不喜欢, but not "which costs less"."""
    return cue.kind == "refuse" or (cue.kind == "weak" and HAN.search(text[cue.start : cue.end]) is not None)


def _head(text: str, cue: Cue, inside: str) -> int:
    """How much of the end is the noun that is only described: 没有恐怖镜头的电影 speaks of films."""
    lacking = text[cue.start : cue.end] in LACKING
    return len(inside) - inside.index("的") if lacking and "的" in inside else 0


def _is_empty(text: str) -> bool:
    return EMPTY.fullmatch(text.strip().lower()) is not None
