"""OpenTelemetry spans for those who watch with Langfuse, Phoenix, Jaeger or the like: one a turn, its stages within.

Names and attributes follow OpenTelemetry's semantic conventions for generative AI. Texts are left out unless the
settings allow them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.service.logs import NONE, request_id
from bot.settings import Settings
from bot.watching import Turned, Watcher

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "zhiyin"
WRITING = frozenset({"first_words", "words"})
"""The stages in which a language model writes; together they are its span."""
PROVIDERS = {"openai": "openai"}
"""What the conventions call a setting `llm`; all others are this app's own."""


class Spans:
    """Makes spans of turns. `exporter`: where they go."""

    def __init__(self, exporter: SpanExporter, *, provider: str = SERVICE, text: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._gen_ai = provider
        self._text = text

    def turned(self, turn: Turned) -> None:
        """One span for the turn, one within it for each stage, one for the writing."""
        from opentelemetry.trace import set_span_in_context

        if not turn.laps:
            return
        begin, end = turn.laps[0].began, turn.laps[-1].began + turn.laps[-1].seconds
        whole = self._tracer.start_span("turn", start_time=_ns(begin), attributes=self._of_turn(turn))
        within = set_span_in_context(whole)
        for lap in turn.laps:
            if lap.stage not in WRITING:
                span = self._tracer.start_span(lap.stage, within, start_time=_ns(lap.began))
                span.end(_ns(lap.began + lap.seconds))
        writing = [lap for lap in turn.laps if lap.stage in WRITING]
        if turn.model and writing:
            attributes = self._of_writing(turn)
            span = self._tracer.start_span(
                f"chat {turn.model}", within, start_time=_ns(writing[0].began), attributes=attributes
            )
            span.end(_ns(writing[-1].began + writing[-1].seconds))
        whole.end(_ns(end))

    def felt(self, kind: str) -> None:
        """Feedback is no span."""

    def close(self) -> None:
        """Sends what waits, then ends."""
        self._provider.shutdown()

    def _of_turn(self, turn: Turned) -> dict[str, Any]:
        reply = turn.reply
        told = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": SERVICE,
            "gen_ai.provider.name": self._gen_ai,
            "gen_ai.conversation.id": turn.session_id,
            "gen_ai.response.id": reply.turn_id,
            "session.id": turn.session_id,
            "zhiyin.lang": turn.lang,
            "zhiyin.intent": reply.intent,
            "zhiyin.complete": reply.complete,
            "zhiyin.words": reply.words,
            "zhiyin.words_reason": reply.words_reason,
            "zhiyin.items": [card.item.id for card in reply.slate.cards],
            "zhiyin.unmet": len(reply.slate.unmet),
        }
        if (asked := request_id.get()) != NONE:
            told["zhiyin.request_id"] = asked
        return told | (_texts(turn) if self._text else {})

    def _of_writing(self, turn: Turned) -> dict[str, Any]:
        told = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._gen_ai,
            "gen_ai.request.model": turn.model,
            "gen_ai.response.model": turn.model,
            "gen_ai.output.type": "text",
            "zhiyin.lines": list(turn.outcomes),
        }
        if turn.reply.words_reason:
            told["error.type"] = turn.reply.words_reason
        return told | (_texts(turn) if self._text else {})


def _texts(turn: Turned) -> dict[str, str]:
    said = [{"role": "user", "parts": [{"type": "text", "content": turn.said}]}]
    words = "\n".join([turn.reply.text, *turn.reply.lines.values()])
    answered = [{"role": "assistant", "parts": [{"type": "text", "content": words}], "finish_reason": "stop"}]
    return {
        "gen_ai.input.messages": json.dumps(said, ensure_ascii=False),
        "gen_ai.output.messages": json.dumps(answered, ensure_ascii=False),
    }


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def spans(settings: Settings) -> Spans:
    """Spans that go where the settings say, by OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(settings.otlp_url, timeout=5)
    return Spans(exporter, provider=PROVIDERS.get(settings.llm, SERVICE), text=settings.otlp_text)


_: type[Watcher] = Spans
