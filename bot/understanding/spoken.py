"""What was said of the things that a message names or points at: this one or one like it, liked, refused or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.understanding import cues
from bot.understanding.cues import lowered
from bot.understanding.likeness import LIKE_IT
from bot.understanding.mentions import Mention
from bot.understanding.polarity import LIKED, LOVED, REFUSED, Stance, sentiment_at
from bot.understanding.turn import Reference
from retrieval.items import Item

MOST_MEANT = 30
"""Items that one reference to a creator stands for."""
EXCEPT = re.compile(r"(?:除了|besides|other than|apart from)\s*[《“\"]?$")
OTHERS = re.compile(r"还有|别的|其他|其它|\belse\b|\bothers?\b")
LIKE_THE_SHOWN = re.compile(r"\s*(?:类似|差不多|这样|那样|这种|那种|同类|一样|风格|的?同款)")
LIKE_ANYWHERE = re.compile(
    r"类似|差不多|这样的|那样的|这种|那种|同类|similar|\blike\b|\balike\b|\bsame (?:style|kind)\b"
)
SOMETHING_ALIKE = re.compile(
    r"类似的|差不多的|同类的|(?:any|some|others?|ones?|more|something|anything)(?:thing)? similar\b"
    r"|similar ones?\b|(?:more|others?) like (?:it|this|that)\b"
)
PRAISED_NEXT = re.compile(
    r"[，,。.；;！!\s]+(?:我)?(?:两个|这些)?都?(?:很|挺|特别|非常|超)?(?:喜欢|爱看|不错|好看|好听)"
    r"|[,.;!\s]+(?:i )?(?:really )?(?:liked|loved|enjoyed) (?:it|them|both)\b"
)
ASKING = re.compile(r"[?？]|[吗么]\W*$|多少|几[^个]|哪|什么|怎")
NONE_OF = re.compile(r"(?:none|neither)\b")
DENIES = re.compile(r"\b(?:none|neither)\b|(?:都|全)?不(?:要|喜欢|想要|行|感兴趣|满意)|没兴趣|难看")
MARKS = "，,。.；;！!？?\n"


@dataclass(frozen=True)
class Spoken:
    """A message in which things are spoken of.

    `text`: as written; `plain`: in small letters; `masked`: with names and pointers made signs; `found`, `strong`:
    where it refuses, and where it stresses.
    """

    text: str
    plain: str
    masked: str
    found: Sequence[Stance]
    strong: Sequence[tuple[int, int]]

    def references(
        self, mentions: Sequence[Mention], items: Sequence[Item], shown: Sequence[Reference], focus: tuple[str, ...]
    ) -> tuple[Reference, ...]:
        """What is spoken of, left to right. `items`: the catalogue's; `focus`: what was spoken of before."""
        out = []
        for m in mentions:
            ids = tuple(items[p].id for p in m.positions[:MOST_MEANT])
            role = role_of(self.plain, m)
            out.append(Reference(self.text[m.start : m.end], m.start, m.end, ids, m.kind, role))
        alike = SOMETHING_ALIKE.search(self.plain) if len(shown) < 2 else None
        for r in shown:
            like = LIKE_THE_SHOWN.match(self.plain, r.end) or LIKE_IT.search(self.plain[: r.start])
            out.append(replace(r, text=self.text[r.start : r.end], role="similar" if like or alike else "this"))
        if alike and not shown and focus:
            start, end = alike.span()
            out.append(Reference(self.text[start:end], start, end, focus, "shown", "similar"))
        return tuple(replace(r, sentiment=self._felt(r)) for r in sorted(out, key=lambda r: r.start))

    def _felt(self, reference: Reference) -> float:
        """What is said of something: nothing, unless it is refused or praised in its own clause."""
        sentiment = sentiment_at(reference.start, self.found, self.strong)
        besides = EXCEPT.search(self.plain[: reference.start])
        if besides and (reference.role == "similar" or OTHERS.search(self.plain[reference.end :])):
            return 0.0
        if sentiment < LIKED:
            return sentiment
        if NONE_OF.match(lowered(reference.text)):
            return REFUSED
        start, end = self._clause(reference.start, reference.end)
        clause = self.masked[start:end]
        is_shown = reference.kind == "shown"
        if is_shown and DENIES.search(clause):
            return REFUSED
        praised = PRAISED_NEXT.match(self.masked, end) or cues.says("like", clause)
        praised = praised or (is_shown and cues.says("choose", clause))
        if reference.role == "similar" or not praised or ASKING.search(clause):
            return 0.0
        return LOVED if cues.says("strong", clause) else LIKED

    def _clause(self, start: int, end: int) -> tuple[int, int]:
        """The clause around a stretch, with its question mark."""
        text = self.masked
        first = max(text.rfind(mark, 0, start) for mark in MARKS) + 1
        last = min((place for mark in MARKS if (place := text.find(mark, end)) >= 0), default=len(text))
        return first, last + 1 if text[last : last + 1] in ("?", "？") else last


def role_of(plain: str, mention: Mention) -> Literal["this", "similar"]:
    """Whether the thing itself is meant; “除了三体还有什么类似的” wants the like of it."""
    besides = EXCEPT.search(plain[: mention.start]) and LIKE_ANYWHERE.search(plain[mention.end :])
    return "similar" if besides else mention.role
