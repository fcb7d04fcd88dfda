"""Scope of negation: which characters of a message are refused.

A refusing cue (不要, 除了, not, except …) reaches to the end of its clause, or to the next word that turns
(但, but) or wants (喜欢, like). Enumerations (、, 和, or) stay in scope.
"""

from __future__ import annotations

import re

from bot.understanding.cues import Cue, blank, find

CLAUSE_END = re.compile(r"[，,。.；;！!？?\n]+|\s-\s")


def cue_events(text: str) -> list[Cue]:
    """The refusing, wanting and turning cues and the ends of clauses, in order; no character is read twice."""
    neutral = find("not_a_refusal", text) + find("double_negative", text)
    masked = blank(text, neutral)
    refuse = find("refuse", masked)
    masked = blank(masked, refuse)
    events = refuse + find("turn", masked) + find("want", blank(masked, find("turn", masked)))
    events += [Cue("clause", *match.span()) for match in CLAUSE_END.finditer(text)]
    return sorted(events + [Cue("want", c.start, c.end) for c in neutral], key=lambda cue: cue.start)


def refused_spans(text: str) -> list[tuple[int, int]]:
    """The (start, end) stretches that stand under a refusing cue."""
    spans: list[tuple[int, int]] = []
    start = -1
    for cue in cue_events(text):
        if start >= 0 and cue.kind == "want" and not text[start : cue.start].strip():
            start = cue.end  # "don't show me": the wanting word is what is refused
        elif start >= 0 and cue.kind != "refuse":
            spans.append((start, cue.start))
            start = -1
        elif start < 0 and cue.kind == "refuse":
            start = cue.end
    if start >= 0:
        spans.append((start, len(text)))
    return [(a, b) for a, b in spans if text[a:b].strip()]
