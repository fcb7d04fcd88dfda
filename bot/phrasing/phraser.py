"""Words for a slate: the model's, clause by clause as each is checked, or plain sentences where it fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

from bot.phrasing.grounding import Ground, grounds
from bot.phrasing.language_model import LanguageModel
from bot.phrasing.plain import plain
from bot.phrasing.prompts import prompt
from bot.phrasing.requests import LineRequest
from bot.reply import Delta
from bot.understanding.vocabulary import Vocabulary
from errors import ModelError

log = logging.getLogger(__name__)

CLAUSE_MARKS = "，,；;：:"
SENTENCE_END = "。.！!？?…"
CLOSING = "”’」』》）)"
CLAUSE_END = re.compile(rf"(?:[，；：。！？…;!?]|[,.:](?!\d))[{CLOSING}]*(?=[^{CLOSING}])")
"""Where a stretch of words may be checked and let through. What comes next must be known: a point inside a number
ends nothing, and a closing quotation mark belongs to what it closes."""
MAX_NEW_TOKENS = 64


@dataclass(frozen=True)
class Line:
    """A line as it went out. `outcome`: ok; cut (ended before something ungrounded or unfinished); plain (replaced);
    fixed (needs no model); none (no model)."""

    text: str
    outcome: str
    violations: tuple[str, ...] = ()


@dataclass
class _Draft:
    """A line on its way: `sent` is checked and out, `held` waits for the end of its clause."""

    ground: Ground
    sent: str = ""
    held: str = ""
    bad: tuple[str, ...] = ()

    def take(self, text: str) -> str:
        """New words from the model; returns what may go out now."""
        if self.bad:
            return ""
        self.held += text
        ends = [match.end() for match in CLAUSE_END.finditer(self.held, 1)]
        return self._release(ends[-1]) if ends else ""

    def finish(self, *, whole: bool = True) -> str:
        """The model is done with the line; returns the rest, and mends an open end.

        A clause without an end is left out where words went before it, or where the model broke (not `whole`).
        """
        rest = self.held.rstrip()
        keeps = _is_ended(rest) or (whole and not self.sent)
        out = self._release(len(rest)) if keeps and not self.bad else ""
        return out + self._close() if self.sent else out

    @property
    def is_cut(self) -> bool:
        """Whether the finished line lacks something of what the model wrote."""
        return bool(self.bad or self.held.strip(CLAUSE_MARKS + " "))

    def _release(self, end: int) -> str:
        candidate = self.sent + self.held[:end]
        found = self.ground.violations(candidate.strip())
        if found:
            self.bad = tuple(f"{violation.kind}: {violation.text}" for violation in found)
            return ""
        out = self.held[:end] if self.sent else self.held[:end].lstrip()
        # the last mark stays back: it may have to become a full stop
        mark = out[-1] if out and out[-1] in CLAUSE_MARKS else ""
        self.sent += out[: len(out) - len(mark)]
        self.held = mark + self.held[end:]
        return out[: len(out) - len(mark)]

    def _close(self) -> str:
        if _is_ended(self.sent):
            return ""
        end = "。" if self.ground.request.lang == "zh" else "."
        self.sent += end
        return end


def _is_ended(text: str) -> bool:
    """Whether no sentence stands open at the end."""
    return text.rstrip(CLOSING)[-1:] in SENTENCE_END


@dataclass
class Writing:
    """The words of one reply, as they come. Iterate it to the end; then `lines` holds them all."""

    requests: Sequence[LineRequest]
    model: LanguageModel | None
    vocabulary: Vocabulary
    stop: Event
    floor: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    after: Mapping[str, str] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Delta]:
        """Yields checked words, all parts side by side; a part that fails ends as a plain sentence."""
        drafts = {part: _Draft(ground) for part, ground in grounds(self.requests, self.vocabulary).items()}
        for request in self.requests:
            if request.part in self.fixed:
                yield from self._close(request, drafts[request.part])
        asked = [request for request in self.requests if request.part not in self.fixed]
        whole = True
        if self.model is not None and asked:
            whole = yield from self._from_model(self.model, asked, drafts)
        for request in asked:
            if self.stop.is_set():
                return
            yield from self._close(request, drafts[request.part], whole)

    def _from_model(
        self, model: LanguageModel, asked: Sequence[LineRequest], drafts: Mapping[str, _Draft]
    ) -> Generator[Delta, None, bool]:
        """Passes the model's words on as they are checked. False where it broke before the end."""
        prompts = [prompt(request) for request in asked]
        try:
            for index, text in model.generate(prompts, max_new_tokens=MAX_NEW_TOKENS, stop=self.stop):
                part = asked[index].part
                if out := drafts[part].take(text):
                    yield Delta(part, out)
        except ModelError:
            log.exception("the language model failed; plain sentences take over")
            return False
        return True

    def _close(self, request: LineRequest, draft: _Draft, whole: bool = True) -> Iterator[Delta]:
        part, out = request.part, draft.finish(whole=whole)
        text, outcome = draft.sent, "cut" if draft.is_cut else "ok"
        if not text:
            out = text = self.floor.get(part) or plain(request)
            outcome = "fixed" if part in self.fixed else "none" if self.model is None else "plain"
        if added := self.after.get(part, ""):
            added = added if request.lang == "zh" else f" {added}"
        self.lines[part] = Line(text + added, outcome, draft.bad)
        if out + added:
            yield Delta(part, out + added)


@dataclass(frozen=True)
class Phraser:
    """Writes replies with one model, or with none."""

    vocabulary: Vocabulary
    model: LanguageModel | None = None

    def write(
        self,
        requests: Sequence[LineRequest],
        stop: Event,
        floor: Mapping[str, str] | None = None,
        fixed: frozenset[str] = frozenset(),
        after: Mapping[str, str] | None = None,
    ) -> Writing:
        """The words for a slate.

        `floor`: plain sentences to use for some parts instead of the general ones; `fixed`: parts that are said
        in plain sentences at once, without asking the model; `after`: what is said at the end of a part, whoever
        wrote it.
        """
        return Writing(requests, self.model, self.vocabulary, stop, floor or {}, fixed, after or {})
