"""One thread that owns the model and serves all callers from one batch (continuous batching, as in Yu et al., 2022).

At every pass of the model new lines may join and finished ones leave. A caller's first line goes first, before what
others wait for, so that everybody sees words early; its other lines are read while the first is being written, a
measured number of tokens a pass, so that writing never stands still. What is asked to be read ahead waits until
nobody wants to be served.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread

import torch

from bot.phrasing.batch import Batch
from bot.phrasing.line import Line

log = logging.getLogger(__name__)

MOST_ROWS = 16
"""Lines that are in the model at once."""
READ = 48
"""Tokens of prompts that are read in a pass, beside the lines that are written."""
AHEAD = 16
"""The same for what is read ahead: who comes meanwhile must not wait for long."""
PATIENCE = 0.05
"""Seconds between looks at the stop event while nothing comes."""

News = tuple[int, str] | BaseException | None
"""New text of a line by its number, what went wrong, or None for the end."""


class Call:
    """Lines that one caller wants. `ahead`: they are only to be read, when there is time."""

    def __init__(self, lines: Sequence[Line], stop: Event | None, *, ahead: bool = False) -> None:
        self.news: SimpleQueue[News] = SimpleQueue()
        self.waiting = deque(lines)
        self.open = set(lines)
        self.ahead = ahead
        self.left = False
        self._numbers = {line: number for number, line in enumerate(lines)}
        self._first = lines[0] if lines else None
        self._stop = stop

    @property
    def is_gone(self) -> bool:
        """Whether nobody listens any more."""
        return self.left or (self._stop is not None and self._stop.is_set())

    @property
    def begins(self) -> bool:
        """Whether its first line has not been begun."""
        return bool(self.waiting) and self.waiting[0] is self._first and not self.ahead

    @property
    def holds_back(self) -> bool:
        """Whether its other lines wait for the head start of the first."""
        return self._first in self.open and self._first is not None and self._first.text.leads

    def tell(self, line: Line, text: str) -> None:
        """Passes new text on."""
        if text:
            self.news.put((self._numbers[line], text))

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more."""
        self.waiting.clear()
        self.open.clear()
        self.news.put(error)


class Engine:
    """Serves lines. Any number of threads may ask."""

    def __init__(
        self,
        batch: Batch,
        *,
        rows: int = MOST_ROWS,
        read: int = READ,
        read_ahead: int = AHEAD,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """`rows`: lines that are in the model at once; `read`, `read_ahead`: tokens of prompts that are read in a pass
        while somebody is served, and while nobody is; `before`: called before each pass, which waits for it."""
        self._batch, self._before = batch, before
        self._rows, self._read, self._read_ahead = rows, read, read_ahead
        self._owners: dict[Line, Call] = {}
        self._calls: list[Call] = []
        self._changed = Condition()
        self._closing = False
        self._thread = Thread(target=self._run, name="language-model", daemon=True)
        self._thread.start()

    @property
    def asked(self) -> int:
        """Callers that are served or wait."""
        return len(self._calls)

    def write(self, lines: Sequence[Line], stop: Event | None = None) -> Iterator[tuple[int, str]]:
        """Yield (number of the line, new text) as it is written; `stop` ends it within a step.

        Raises what the model raised while it read these lines, or while it wrote, and RuntimeError once it is closed.
        """
        yield from self._serve(Call(lines, stop))

    def read(self, lines: Sequence[Line], stop: Event | None = None) -> None:
        """Reads lines that write nothing, one after the other, whenever nobody else is served."""
        for line in lines:
            if stop and stop.is_set():
                return
            for _ in self._serve(Call([line], stop, ahead=True)):
                pass

    def close(self) -> None:
        """Ends the thread; who is being served gets a RuntimeError."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _serve(self, call: Call) -> Iterator[tuple[int, str]]:
        if not call.open:
            return
        with self._changed:
            if self._closing:
                raise RuntimeError("the language model was closed")
            self._calls.append(call)
            self._changed.notify_all()
        try:
            while True:
                try:
                    said = call.news.get(timeout=PATIENCE)
                except Empty:
                    if call.is_gone:
                        return
                    continue
                if said is None:
                    return
                if isinstance(said, BaseException):
                    raise said
                yield said
        finally:
            call.left = True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._calls or self._closing)
                if self._closing:
                    break
            self._before()
            try:
                self._turn()
            except Exception as error:  # the thread must live on: the next caller may have better luck
                log.exception("the language model failed")
                self._end(list(self._calls), error)
                self._batch.clear()
        self._end(list(self._calls), RuntimeError("the language model was closed"))

    @torch.inference_mode()
    def _turn(self) -> None:
        """One pass of the model, with who came and without who left."""
        self._end([call for call in self._calls if call.is_gone])
        try:
            most = self._admit()
            said = self._batch.advance(most) if self._batch.lines else []
        except Exception as error:
            # What is new in the batch is what may be too much; the others can go on.
            readers = [call for call in self._calls if any(line.unread for line in self._lines_of(call))]
            if not readers:
                raise
            log.exception("the language model failed at a prompt")
            self._end(readers, error)
            return
        for line, text in said:
            self._owners[line].tell(line, text)
        for line in [line for line in self._batch.lines if line.done]:
            self._finish(line)
        self._end([call for call in self._calls if not call.open])

    def _admit(self) -> int:
        """Lets lines into the batch; returns how many tokens of prompts are to be read now."""
        asked = [call for call in self._calls if not call.ahead]
        if not asked:
            return self._fill([call for call in self._calls if call.waiting], self._read_ahead)
        self._make_way()
        first = next((call for call in asked if call.begins), None)
        if first and len(self._batch.lines) < self._rows:
            self._add(first)
            return max(self._read, self._batch.unread)
        return self._fill([call for call in asked if call.waiting and not call.holds_back], self._read)

    def _fill(self, calls: Sequence[Call], most: int) -> int:
        """Adds lines in the order of arrival until there is as much to be read as may be."""
        for call in calls:
            while call.waiting and self._batch.unread < most and len(self._batch.lines) < self._rows:
                self._add(call)
        return most

    def _add(self, call: Call) -> None:
        line = call.waiting.popleft()
        try:
            self._batch.add(line)
        except Exception as error:
            log.exception("there is no room for a prompt")
            self._end([call], error)
            return
        self._owners[line] = call
        if line.done:  # all that was to be read is known
            self._finish(line)

    def _finish(self, line: Line) -> None:
        self._batch.drop(line)
        self._owners.pop(line).open.discard(line)

    def _make_way(self) -> None:
        """What was being read ahead goes back to where it waited."""
        for line in [line for line in self._batch.lines if self._owners[line].ahead]:
            self._batch.drop(line)
            line.read = 0
            self._owners.pop(line).waiting.appendleft(line)

    def _end(self, calls: Sequence[Call], error: BaseException | None = None) -> None:
        for call in calls:
            for line in self._lines_of(call):
                self._batch.drop(line)
                del self._owners[line]
            call.end(error)
            with self._changed:
                self._calls.remove(call)

    def _lines_of(self, call: Call) -> list[Line]:
        return [line for line in self._batch.lines if self._owners[line] is call]
