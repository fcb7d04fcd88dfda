"""What `/metrics` tells of the words, read from those who count."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.bot import Bot
from bot.loading import Loader


class WordFigures(Collector):
    """Lines by outcome, and what the language model did, since the start."""

    def __init__(self, bot: Bot, loader: Loader) -> None:
        self._bot = bot
        self._loader = loader

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        lines = CounterMetricFamily("zhiyin_lines", "Lines by how they came about", labels=["outcome"])
        for outcome, count in sorted(self._bot.outcomes.copy().items()):
            lines.add_metric([outcome], count)
        yield lines
        health = self._loader.status().language_model
        yield CounterMetricFamily("zhiyin_words_asked", "Times the language model was asked", value=health.asked)
        yield CounterMetricFamily("zhiyin_words_failed", "Times it broke", value=health.failed)
        yield CounterMetricFamily("zhiyin_words_timeouts", "Times it did not write in time", value=health.slow)
        yield CounterMetricFamily(
            "zhiyin_words_tokens", "Pieces of text that it gave, about one a token", value=health.pieces
        )
        yield GaugeMetricFamily("zhiyin_words_ok", "1 where the language model is well", value=health.state == "ok")
