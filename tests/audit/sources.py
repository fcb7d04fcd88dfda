"""Lines as visitors get them, with what they were written from: held-out examples, and stories played through a bot."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np

from bot.bot import Bot
from bot.phrasing.examples import request_of
from bot.phrasing.language_model import LanguageModel
from bot.phrasing.outcomes import BY_MODEL, Line
from bot.phrasing.phraser import Phraser, Writing
from bot.phrasing.requests import ItemLine, LineRequest, OpeningLine
from bot.reply import Reply, ReplyEvent, Slate
from bot.settings import Settings
from bot.setup import sample_files
from bot.stories.play import play
from bot.stories.reading import read_stories
from bot.stories.stage import mind_of, passing_bot
from bot.understanding.vocabulary import Vocabulary
from retrieval.catalogue import build
from retrieval.items import Item

from .ground import Ground, Names
from .matching import Violation, violations

HERE = Path(__file__).resolve().parent.parent / "stories"
SENTENCES = Path(__file__).resolve().parents[2] / "bot" / "phrasing" / "data" / "sentences"
HELD_OUT = frozenset(("podcast", "museum", "plant", "job"))
BLIND = ("nursery", "centre", "town")
AT_ONCE = 3
"""Item lines of one reply."""


@dataclass(frozen=True)
class Said:
    """One line that went out, audited. `wrong`: what this audit holds against it."""

    request: LineRequest
    line: Line
    text: str
    wrong: tuple[Violation, ...]

    @property
    def by_model(self) -> bool:
        """Whether the language model wrote all of it."""
        return self.line.outcome in BY_MODEL


@dataclass(frozen=True)
class Overheard(Phraser):
    """A phraser that remembers the last reply it began."""

    last: list[Writing] = field(default_factory=list)

    def write(
        self,
        requests: Sequence[LineRequest],
        stop: Event,
        floor: Mapping[str, str] | None = None,
        fixed: frozenset[str] = frozenset(),
        after: Mapping[str, str] | None = None,
    ) -> Writing:
        self.last[:] = [super().write(requests, stop, floor, fixed, after)]
        return self.last[0]


def audited(writing: Writing, names: Names, more: Sequence[Item | str] = ()) -> tuple[Said, ...]:
    """The lines of a finished reply. `more`: what an opening that no model wrote may speak of, too."""

    def audit(request: LineRequest) -> Said:
        line = writing.lines[request.part]
        text = line.text.removesuffix(writing.after.get(request.part, "")).rstrip()
        own = () if line.outcome in BY_MODEL or isinstance(request, ItemLine) else tuple(more)
        return Said(request, line, text, tuple(violations(Ground(request, names, own), text)))

    return tuple(audit(request) for request in writing.requests if request.part in writing.lines)


def held_out(model: LanguageModel | None) -> Iterator[tuple[Said, ...]]:
    """All examples of the domains that are never trained on, items three a reply with an opening on the first."""
    requests = list(held_out_requests())
    items = [item for request in requests for item in Ground(request, Names.of(())).items]
    phraser = Phraser(Vocabulary(build(items, np.ones((len(items), 2), dtype=np.float32))), model, close=True)
    names = Names.of(items)
    for reply in _replies(requests):
        writing = phraser.write(reply, Event())
        list(writing)
        yield audited(writing, names)


def held_out_requests() -> Iterator[LineRequest]:
    """The requests of the held-out examples; each item gets an id."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SENTENCES.glob("*.jsonl"))]
    rows = [json.loads(row) for text in texts for row in text.split("\n") if row.strip()]
    for number, row in enumerate(rows):
        things = {name: {**row[name], "id": f"{name}-{number}"} for name in ("facts", "one", "two") if name in row}
        if any(thing["domain"] in HELD_OUT for thing in things.values()):
            yield request_of({**row, **things})


def _replies(requests: Sequence[LineRequest]) -> Iterator[Sequence[LineRequest]]:
    yield from ((request,) for request in requests if not isinstance(request, ItemLine))
    lines = sorted((r for r in requests if isinstance(r, ItemLine)), key=lambda r: (r.item.domain, r.lang))
    for _, alike in groupby(lines, key=lambda r: (r.item.domain, r.lang)):
        left = list(alike)
        while left:
            now, left = left[:AT_ONCE], left[AT_ONCE:]
            kind = now[0].item.category or now[0].item.domain
            yield [OpeningLine(now[0].lang, now[0].wish, "recommend", kinds=(kind,)), *now]


def stories(
    model: LanguageModel | None, settings: Settings, catalogue: Path, files: Sequence[Path], most: int, seed: int
) -> Iterator[tuple[Said, ...]]:
    """The replies of stories over a catalogue, at most so many stories, drawn by chance."""
    told = [story for path in files for story in read_stories(path)]
    chosen = Random(seed).sample(told, min(most, len(told)))
    with mind_of(catalogue, settings, words=False) as mind:
        phraser = Overheard(mind.phraser.vocabulary, model, mind.phraser.close)
        names = Names.of(mind.recommender.shelf.catalogue.items)
        with passing_bot(replace(mind, phraser=phraser)) as bot:
            for story in chosen:
                listener = _Listener(bot, phraser, names)
                play(listener, story)
                yield from listener.heard


def sample(model: LanguageModel | None, settings: Settings, most: int, seed: int) -> Iterator[tuple[Said, ...]]:
    """The replies of stories over the sample catalogue."""
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "catalogue.jsonl"
        whole.write_text("".join(path.read_text(encoding="utf-8") for path in sample_files()), encoding="utf-8")
        yield from stories(model, settings, whole, sorted(HERE.glob("*.yaml")), most, seed)


class _Listener(Bot):
    """A bot that notes each of its replies, audited."""

    def __init__(self, bot: Bot, phraser: Overheard, names: Names) -> None:
        super().__init__(bot.store, bot._mind)
        self.heard: list[tuple[Said, ...]] = []
        self._phraser, self._names = phraser, names
        self._said: list[Item | str] = []

    def reply(self, session_id: str, text: str, stop: Event | None = None) -> Generator[ReplyEvent, None, None]:
        self._said.append(text)
        for event in super().reply(session_id, text, stop):
            if isinstance(event, Slate):
                self._said += [*(card.item for card in event.cards), event.nearest]
            if isinstance(event, Reply):
                self.heard.append(audited(self._phraser.last[0], self._names, self._said))
            yield event
