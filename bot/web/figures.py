"""What `/metrics` tells: what is counted as it happens, and what is read from those who know when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.bot import Bot
from bot.loading import Loader
from bot.phrasing.breaker import Health
from bot.watching import Turned
from bot.web.limits import Limits

STAGES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds: bounds of the histograms."""
SLATE = ("wait", "understand", "encode", "update", "recommend", "store")
"""The stages that a visitor waits for before the cards."""


class Figures:
    """All figures of one app, in a registry of their own. Watches the bot."""

    def __init__(self, bot: Bot, loader: Loader, limits: Limits) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(Standing(bot, loader, limits))
        self.requests = self._counter("zhiyin_requests", "Requests answered", "method", "route", "status")
        self.seconds = self._seconds("zhiyin_request_seconds", "Time to the answer's head", "method", "route")
        self._stages = self._seconds("zhiyin_turn_stage_seconds", "Time of a turn by stage", "stage")
        self._slates = self._seconds("zhiyin_slate_seconds", "Time from a message to its slate")
        self._turns = self._counter("zhiyin_turns", "Turns by who wrote the words, why, and whether to the end",
                                    "words", "reason", "complete")  # fmt: skip
        self._intents = self._counter("zhiyin_intents", "Turns by what they wanted", "intent", "lang")
        self._cards = self._counter("zhiyin_cards", "Cards shown in answer to messages")
        self._empty = self._counter("zhiyin_slates_unmet", "Slates with a wish that nothing meets")
        self._lines = self._counter("zhiyin_lines", "Lines by how they came about", "outcome")
        self._feedback = self._counter("zhiyin_feedback", "Feedback by kind", "kind")
        self._database = self._counter("zhiyin_database_errors", "Times the database failed or was not to be reached")
        bot.watchers.add(self)
        bot.store.on_trouble(self._database.inc)

    def turned(self, turn: Turned) -> None:
        """Counts a turn."""
        reply = turn.reply
        for lap in turn.laps:
            self._stages.labels(lap.stage).observe(lap.seconds)
        self._slates.observe(sum(lap.seconds for lap in turn.laps if lap.stage in SLATE))
        self._turns.labels(reply.words, reply.words_reason or "ok", str(reply.complete).lower()).inc()
        self._intents.labels(reply.intent, turn.lang).inc()
        self._cards.inc(len(reply.slate.cards))
        self._empty.inc(bool(reply.slate.unmet))
        for outcome in turn.outcomes:
            self._lines.labels(outcome).inc()

    def felt(self, kind: str) -> None:
        """Counts feedback."""
        self._feedback.labels(kind).inc()

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)

    def _seconds(self, name: str, told: str, *labels: str) -> Histogram:
        return Histogram(name, told, labels, registry=self.registry, buckets=STAGES)


class Standing(Collector):
    """How things stand now: replies that run, what is loaded, the catalogue, the language model, what was refused."""

    def __init__(self, bot: Bot, loader: Loader, limits: Limits) -> None:
        self._bot = bot
        self._loader = loader
        self._limits = limits

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        status = self._loader.status()
        yield GaugeMetricFamily("zhiyin_ready", "1 where visitors can be answered", value=status.ready)
        yield GaugeMetricFamily("zhiyin_degraded", "Parts that are not to be had", value=len(status.degraded))
        yield GaugeMetricFamily("zhiyin_catalogue_items", "Items in the catalogue", value=status.items)
        yield GaugeMetricFamily(
            "zhiyin_catalogue_loaded_timestamp_seconds", "When the catalogue was loaded last", value=status.loaded_at
        )
        yield GaugeMetricFamily("zhiyin_replies_running", "Replies being written", value=len(self._bot.running))
        yield GaugeMetricFamily("zhiyin_seats_taken", "Messages being answered or waiting", value=self._limits.taken)
        yield GaugeMetricFamily("zhiyin_seats", "Messages that may be at once", value=self._limits.seats)
        refused = CounterMetricFamily("zhiyin_refused", "Calls over a limit, by limit", labels=["limit"])
        for limit, count in sorted(self._limits.refused.copy().items()):
            refused.add_metric([limit], count)
        yield refused
        yield from _words(status.language_model)


def _words(health: Health) -> Iterator[Metric]:
    yield CounterMetricFamily("zhiyin_words_asked", "Times the language model was asked", value=health.asked)
    yield CounterMetricFamily("zhiyin_words_failed", "Times it broke", value=health.failed)
    yield CounterMetricFamily("zhiyin_words_timeouts", "Times it did not write in time", value=health.slow)
    yield CounterMetricFamily(
        "zhiyin_words_tokens", "Pieces of text that it gave, about one a token", value=health.pieces
    )
    yield GaugeMetricFamily("zhiyin_words_ok", "1 where the language model is well", value=health.state == "ok")
