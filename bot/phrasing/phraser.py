"""Words for a slate: the model's, clause by clause as each is checked, or plain sentences where it fails."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic

from bot.phrasing.draft import JOINT, Draft
from bot.phrasing.grounding import grounds
from bot.phrasing.language_model import LanguageModel
from bot.phrasing.outcomes import Line, Outcome, Trouble
from bot.phrasing.plain import plain
from bot.phrasing.prompts import prompt
from bot.phrasing.requests import LineRequest
from bot.phrasing.watched import Watched
from bot.reply import Delta
from bot.understanding.vocabulary import Vocabulary
from errors import ModelError, ModelSlow

log = logging.getLogger(__name__)

MAX_NEW_TOKENS = 64
TRIES = 2
"""How often a line is asked for that the check lets nothing of through."""


@dataclass
class Writing:
    """The words of one reply, as they come. Iterate it to the end; then `lines` holds them all."""

    requests: Sequence[LineRequest]
    model: Watched | None
    vocabulary: Vocabulary
    stop: Event
    floor: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    after: Mapping[str, str] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    trouble: Trouble = ""
    close: bool = False

    def __iter__(self) -> Iterator[Delta]:
        """Yields checked words, all parts side by side; a part that fails is tried again, then said plainly."""
        drafts = {
            part: Draft(ground) for part, ground in grounds(self.requests, self.vocabulary, close=self.close).items()
        }
        for request in self.requests:
            if request.part in self.fixed:
                yield from self._close(drafts[request.part])
        asked = [drafts[request.part] for request in self.requests if request.part not in self.fixed]
        if self.model is None:
            self.trouble = "none"
        elif asked:
            asked = yield from self._written(self.model, asked)
        for draft in asked:
            yield from self._close(draft)

    def _written(self, model: Watched, asked: list[Draft]) -> Generator[Delta, None, list[Draft]]:
        """Has the lines written, those that fail once more; returns those that still fail."""
        until = monotonic() + model.seconds
        for attempt in range(TRIES):
            if not asked or self.trouble:
                break
            if attempt:
                for draft in asked:
                    draft.begin_again()
            yield from self._from_model(model, asked, attempt, until - monotonic())
            if self.stop.is_set():
                return []
            failed = []
            for draft in asked:
                if out := draft.finish(whole=not self.trouble):
                    yield Delta(draft.request.part, out)
                if draft.stands:
                    yield from self._close(draft)
                else:
                    failed.append(draft)
            asked = failed
        return asked

    def _from_model(self, model: Watched, asked: Sequence[Draft], attempt: int, seconds: float) -> Iterator[Delta]:
        """Passes the model's words on as they are checked; where it breaks, `trouble` is what it is."""
        prompts = [prompt(draft.request) for draft in asked]
        words = model.generate(prompts, max_new_tokens=MAX_NEW_TOKENS, stop=self.stop, attempt=attempt, seconds=seconds)
        try:
            for index, text in words:
                if out := asked[index].take(text):
                    yield Delta(asked[index].request.part, out)
        except ModelError as error:
            self.trouble = "slow" if isinstance(error, ModelSlow) else "failed"
            log.warning("plain sentences take over: %s", error, exc_info=error.__cause__)

    def _close(self, draft: Draft) -> Iterator[Delta]:
        """Ends a part: with a plain sentence where the model gave none that stands, then with what follows it."""
        request, text, out = draft.request, draft.sent, ""
        if not draft.stands:
            said = self.floor.get(request.part) or plain(request)
            out = JOINT[request.lang] + said if text else said
        if added := self.after.get(request.part, ""):
            out += JOINT[request.lang] + added
        violations = tuple(draft.tries) if any(draft.tries) else ()
        self.lines[request.part] = Line(text + out, self._outcome(draft), violations, self._trouble(draft))
        if out:
            yield Delta(request.part, out)

    def _outcome(self, draft: Draft) -> Outcome:
        if not draft.stands:
            return "fixed" if draft.request.part in self.fixed else "none" if self.model is None else "plain"
        return "cut" if draft.is_cut else "retried" if len(draft.tries) > 1 else "ok"

    def _trouble(self, draft: Draft) -> Trouble:
        return "" if draft.request.part in self.fixed or (draft.stands and not draft.is_cut) else self.trouble


@dataclass(frozen=True)
class Phraser:
    """Writes replies with one model, or with none. A model that nobody watches is watched for each reply alone.

    `close`: whether its lines must keep closely to the words that they are made from, as a small model's should.
    """

    vocabulary: Vocabulary
    model: LanguageModel | None = None
    close: bool = False

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
        model = self.model if self.model is None or isinstance(self.model, Watched) else Watched(self.model)
        return Writing(requests, model, self.vocabulary, stop, floor or {}, fixed, after or {}, close=self.close)
