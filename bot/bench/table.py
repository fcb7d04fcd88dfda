"""`zhiyin bench`: measures this machine, the app beside the plain method, and prints a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from bot.bench.app import (
    STAGES,
    in_one_language,
    measure_crowd,
    measure_indexing,
    measure_turns,
    measure_wire,
    measure_words,
    prepare,
    release_memory,
    resident,
    with_words,
)
from bot.bench.data import conversations, sample
from bot.bench.plain import Call, Figures, Metered, PlainSearch, measure_plain_search
from bot.bench.words import (
    ARITHMETICS,
    Line,
    PlainWords,
    held_out,
    measure_plain_words,
    network_logits,
    parts_of_a_step,
    surprise,
)
from bot.bot import Bot
from bot.loading import Loader
from bot.phrasing.llm import load
from bot.phrasing.models import folder_and_adapter
from bot.settings import Settings
from bot.web.server import create_app
from errors import SettingsError
from retrieval.catalogue import item_texts
from retrieval.items import Item

TURNS, ON_THE_WIRE, REPLIES, NEW_ITEMS = 120, 60, 10, 256
VISITORS, ROUNDS = 8, 5
HELD_OUT, LINES = 60, 4
"""Written lines that the model's arithmetic is judged by; lines of the step that is looked into."""
PLAIN_TURNS, PLAIN_REPLIES, PLAIN_ITEMS = 20, 3, 32
"""The plain method is slow: fewer show it."""
ITEM_TOKENS = 64
FEWEST_ITEMS = 100
CALM = 1.0
"""A load average above this disturbs what is measured."""


@dataclass(frozen=True)
class Row:
    """A row of the table. `digits`: after the point; `more`: whether more is better."""

    key: str
    label: str
    unit: str
    digits: int = 1
    more: bool = False

    def cells(self, ours: Figures, plain: Figures) -> list[str]:
        """The row's cells: label, p50, p95 (of a single value: none), unit, the plain method's p50, ratio."""
        own, other = ours.get(self.key, []), plain.get(self.key, [])
        p95 = f"{np.percentile(own, 95):,.{self.digits}f}" if len(own) > 1 and not self.more else ""
        p50, beside = (f"{np.median(values):,.{self.digits}f}" if values else "" for values in (own, other))
        return [self.label, p50, p95, self.unit, beside, self._ratio(own, other)]

    def _ratio(self, own: Sequence[float], other: Sequence[float]) -> str:
        """How many times better the app is."""
        if not own or not other:
            return ""
        good, poor = (own, other) if self.more else (other, own)
        return f"{np.median(good) / np.median(poor):,.1f} ×"


ROWS = (
    Row("turn", "turn without words (text in, slate out, stored)", "ms"),
    *(Row(stage, f"· {stage}", "ms") for stage in STAGES),
    Row("wire", "slate on the wire", "ms"),
    Row("first", "first words", "s", 2),
    Row("whole", "whole reply", "s", 2),
    Row("tokens", "words written", "tokens/s", more=True),
    Row("crowd slate", f"{VISITORS} visitors at once: slate", "ms"),
    Row("crowd first", "· first words", "s", 2),
    Row("crowd whole", "· whole reply", "s", 2),
    Row("new", "new items indexed", "items/s", more=True),
    Row("unchanged", "unchanged items", "items/s", 0, more=True),
    Row("memory", "memory", "GB", 2),
)
HEAD = ["", "p50", "p95", "unit", "plain method", "ratio"]
WORDS_HEAD = ["words", "tokens/s", "ratio", "surprise"]


def bench(settings: Settings, *, items: int = 10_000, words: bool = True) -> str:
    """The table of this machine, in Markdown. Uses a data folder of its own, which is removed again.

    Args:
        settings: which models, how many threads, and where there is room for the data.
        items: how large a catalogue is measured with.
        words: False leaves the language model out.

    Raises SettingsError for too few items, ModelError where the encoder is missing.
    """
    if items < FEWEST_ITEMS:
        raise SettingsError(name="--items", reason=f"at least {FEWEST_ITEMS}")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # Beside the real data and not in /tmp, which is often memory: storing is part of a turn.
    with TemporaryDirectory(prefix="bench-", dir=settings.data_dir) as folder:
        own = {"data_dir": Path(folder), "database_url": "", "chroma_url": ""}
        if not words:
            own["llm"] = "none"
        run = _Run(settings.model_copy(update=own), items)
        run.measure_app()
        release_memory()
        run.measure_plain()
    return run.table()


class _Run:
    """One run: figures of both methods, and remarks that belong under the table."""

    def __init__(self, settings: Settings, items: int) -> None:
        self._settings = settings
        self._items = items
        self._ours: Figures = {}
        self._plain: Figures = {}
        self._calls: list[Call] = []
        self._words: list[tuple[str, list[float], float]] = []
        self._notes = [
            f"{items:,} items: the sample catalogue, then repeats of it with other titles and prices, whose vectors "
            "are those of the originals moved a little at random",
        ]
        load = os.getloadavg()[0]
        if load > CALM:
            self._notes.append(
                f"the machine was busy with other work (load {load:.1f} at the start): it can do better than this"
            )

    def measure_app(self) -> None:
        """The app, loaded as it is when it serves."""
        settings = self._settings
        _say(f"preparing {self._items:,} items")
        store = prepare(settings, self._items)
        release_memory()
        _say("loading")
        loader = Loader(settings, store)
        loader.start()
        with closing(loader):
            mind = loader.wait()
            silent = Bot(store, lambda: with_words(mind, None))
            _say(f"{TURNS} turns without words")
            self._ours |= measure_turns(silent, TURNS)
            _say(f"{ON_THE_WIRE} turns over HTTP")
            self._ours |= measure_wire(create_app(silent, loader, settings), silent, ON_THE_WIRE)
            if mind.phraser.model is None:
                reason = "; ".join(loader.status().degraded.values()) or "it was left out"
                self._notes.append(f"without the language model: {reason}")
            else:
                meter = Metered(mind.phraser.model)
                _say(f"{REPLIES} replies with {meter.name}")
                self._ours |= measure_words(Bot(store, lambda: with_words(mind, meter)), REPLIES)
                self._calls = meter.calls[-REPLIES:]
                _say(f"{ROUNDS} replies for each of {VISITORS} visitors at once")
                crowd = measure_crowd(Bot(store, lambda: mind), VISITORS, ROUNDS)
                failed = sum(crowd.pop("crowd failed"))
                self._notes.append(
                    f"of {VISITORS * ROUNDS} replies to {VISITORS} visitors at once, {failed:.0f} failed"
                )
                self._ours |= crowd
            self._ours["memory"] = resident()
            _say(f"indexing {NEW_ITEMS} new items and {self._items:,} unchanged ones")
            self._ours |= measure_indexing(mind, self._new_items(), settings.data_dir / "new")

    @cached_property
    def _tokenizer(self) -> Any:
        """The encoder's; not before the memory is measured, for the app has one of its own."""
        settings = self._settings
        return AutoTokenizer.from_pretrained(
            settings.models_dir / "encoder" if settings.encoder == "embedded" else settings.encoder
        )

    def _new_items(self) -> list[Item]:
        """Items of about ITEM_TOKENS tokens."""
        items = in_one_language(sample())
        tokens = [sum(len(ids) for ids in self._tokenizer(list(item_texts(item)))["input_ids"]) for item in items]
        nearest = sorted(range(len(items)), key=lambda i: abs(tokens[i] - ITEM_TOKENS))[:NEW_ITEMS]
        mean = np.mean([tokens[i] for i in nearest])
        self._notes.append(f"new items: {len(nearest)} of {mean:.0f} tokens in the mean")
        return [items[i] for i in nearest]

    def measure_plain(self) -> None:
        """The plain method, with nothing of the app in its way."""
        _say("the plain method: search")
        search = PlainSearch(self._items)
        said = self._tokenizer([text for _, _, text in conversations(PLAIN_TURNS)])["input_ids"]
        self._plain = measure_plain_search(search, [len(ids) for ids in said], [ITEM_TOKENS] * PLAIN_ITEMS)
        self._notes.append(
            "plain method: a BERT of bert-base's size in float32, one text at a time (random weights, which take the "
            "same time), a Python loop of cosines, all items encoded again at each import; the model's own "
            "generate() in float32, line after line, as many tokens as ours; no web server and no database; as its "
            "memory, weights and vectors alone"
        )
        folder, adapter = folder_and_adapter(self._settings)
        if self._calls and (folder / "config.json").exists():
            self._measure_words(folder, adapter, search.gigabytes)

    def _measure_words(self, folder: Path, adapter: Path | None, gigabytes: float) -> None:
        """The plain method in several arithmetics, and the likelihood of written lines in each and in ours."""
        turn = float(np.median(self._plain["turn"])) / 1000
        lines: list[Line] = []
        for name, qconfig in ARITHMETICS:
            _say(f"the plain method: words, {name}")
            words = PlainWords(folder, adapter, qconfig)
            figures = measure_plain_words(words, self._calls[:PLAIN_REPLIES], turn)
            lines = lines or held_out(words.tokenizer, HELD_OUT)
            self._words.append((f"one after another, {name}", figures["tokens"], surprise(words.logits, lines)))
            if qconfig is None:
                self._ours["tokens"] = [sum(words.token_counts(call)) / call.seconds for call in self._calls]
                self._plain |= figures
                self._plain["memory"] = [gigabytes + words.gigabytes]
            release_memory()
        _say("our own arithmetic")
        network = load(folder, adapter, words.tokenizer, every_word=True)
        self._words.append(("ours", self._ours["tokens"], surprise(network_logits(network), lines)))
        parts = parts_of_a_step(load(folder, adapter, words.tokenizer), LINES)
        told = ", ".join(f"{name} {ms:.1f}" for name, ms in parts.items() if name != "whole")
        self._notes.append(f"a step of {LINES} lines takes {parts['whole']:.1f} ms: {told}")

    def table(self) -> str:
        """Everything as text."""
        lines = aligned([HEAD, *(row.cells(self._ours, self._plain) for row in ROWS if row.key in self._ours)])
        if self._words:
            slowest = float(np.median(self._words[0][1]))
            rates = [(name, float(np.median(tokens)), loss) for name, tokens, loss in self._words]
            rows = [[name, f"{rate:.1f}", f"{rate / slowest:.1f} ×", f"{loss:.3f}"] for name, rate, loss in rates]
            lines += ["", *aligned([WORDS_HEAD, *rows])]
        machine = (
            f"{os.cpu_count()} cores ({torch.backends.cpu.get_cpu_capability()}), torch {torch.__version__} with "
            f"{torch.get_num_threads()} threads"
        )
        return "\n".join([machine, "", *lines, "", *(f"- {note}" for note in self._notes)])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown; `rows`: its head, then the others. The first column is on the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    cells = [" | ".join(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)) for row in (*rows, rule)]
    lines = [f"| {row[0].ljust(widths[0])} | {line} |" for row, line in zip((*rows, rule), cells, strict=True)]
    return [lines[0], lines[-1], *lines[1:-1]]


def _say(what: str) -> None:
    print(f"  bench        {what}", file=sys.stderr, flush=True)
