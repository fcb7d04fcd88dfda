"""A line on its way: let out clause by clause as each is checked, mended where it breaks off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.phrasing.check.violation import Violation
from bot.phrasing.grounding import Ground
from bot.phrasing.requests import LineRequest
from errors import Lang

CLAUSE_MARKS = "，,；;：:"
SENTENCE_END = "。.！!？?…"
CLOSING = "”’」』》）)"
CLAUSE_END = re.compile(rf"(?:[，；：。！？…;!?]|[,.:](?!\d))[{CLOSING}]*(?=[^{CLOSING}])")
"""Where a stretch of words may be checked and let through. What comes next must be known: a point inside a number
ends nothing, and a closing quotation mark belongs to what it closes."""
LEAST: dict[Lang, int] = {"zh": 8, "en": 6}
"""The characters or words below which a line that was cut cannot stand alone."""
FULL_STOP: dict[Lang, str] = {"zh": "。", "en": "."}
JOINT: dict[Lang, str] = {"zh": "", "en": " "}
"""What stands between two sentences."""


@dataclass
class Draft:
    """`sent` is checked and out, `held` waits for the end of its clause; `tries` has what each try said without
    ground.

    Nothing is out before it could stand alone, so that a line that breaks off can be left as it is, or be tried again
    from its beginning. Only an answer that lacks something is gone on with after what is out.
    """

    ground: Ground
    sent: str = ""
    held: str = ""
    tries: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    _begin: int = 0
    """How much was out before this try."""

    @property
    def request(self) -> LineRequest:
        """What the line is written for."""
        return self.ground.request

    def take(self, text: str) -> str:
        """New words from the model; returns what may go out now."""
        if self.tries[-1]:
            return ""
        self.held += text if self.held.strip() else text.lstrip()
        ends = [match.end() for match in CLAUSE_END.finditer(self.held, 1)]
        return self._release(ends[-1]) if ends else ""

    def finish(self, *, whole: bool = True) -> str:
        """The model is done with the line; returns the rest, and closes an open end.

        A clause without an end is left out where words went before it, or where the model broke (not `whole`).
        """
        rest = self.held.rstrip()
        keeps = _is_ended(rest) or (whole and len(self.sent) == self._begin)
        out = self._release(len(rest), last=True) if rest and keeps and not self.tries[-1] else ""
        if self.sent and not _is_ended(self.sent):
            out += FULL_STOP[self.request.lang]
            self.sent += FULL_STOP[self.request.lang]
        if self.sent and whole and not self.tries[-1]:
            self.tries[-1] = _told(self.ground, self.sent, whole=True)
        return out

    def begin_again(self) -> None:
        """Another try begins, after what is out."""
        self.tries.append(())
        self.held = ""
        self._begin = len(self.sent)

    @property
    def is_cut(self) -> bool:
        """Whether the finished line lacks something of what the model wrote, or that it owes."""
        return bool(self.tries[-1] or self.held.strip(CLAUSE_MARKS + " \n"))

    @property
    def stands(self) -> bool:
        """Whether the finished line can be left as it is; it may owe an answer."""
        return bool(self.sent) and not any(found.startswith("omission") for found in self.tries[-1])

    def _release(self, end: int, *, last: bool = False) -> str:
        """Lets the held words out up to there, if they have a ground and are enough. `last`: no more will come."""
        lang = self.request.lang
        joint = JOINT[lang] if self.sent and len(self.sent) == self._begin else ""
        found = _told(self.ground, (self.sent + joint + self.held[:end]).strip())
        lacks = () if self.sent else self.ground.lacks(self.held[:end])
        if found or (lacks and last):
            self.tries[-1] = found or _texts(lacks)
            return ""
        if not (self.sent or last) and (lacks or _length(self.held[:end], lang) < LEAST[lang]):
            return ""
        out = joint + self.held[:end]
        # the last mark stays back: it may have to become a full stop
        mark = out[-1] if out and out[-1] in CLAUSE_MARKS else ""
        out = out[: len(out) - len(mark)]
        self.sent += out
        self.held = mark + self.held[end:]
        return out


def _told(ground: Ground, line: str, *, whole: bool = False) -> tuple[str, ...]:
    return _texts(ground.violations(line, whole=whole))


def _texts(violations: Iterable[Violation]) -> tuple[str, ...]:
    return tuple(f"{found.kind}: {found.text}" for found in violations)


def _length(text: str, lang: Lang) -> int:
    """Characters without the closing mark, or words."""
    return len(text.rstrip(SENTENCE_END + CLOSING + CLAUSE_MARKS)) if lang == "zh" else len(text.split())


def _is_ended(text: str) -> bool:
    """Whether no sentence stands open at the end."""
    return text.rstrip(CLOSING)[-1:] in SENTENCE_END
