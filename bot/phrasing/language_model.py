"""The one boundary to a generative model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: a fixed instruction and the data of one line."""

    system: str
    user: str


class LanguageModel(Protocol):
    """Writes one line for each prompt."""

    @property
    def name(self) -> str:
        """What the model is called in logs, replies and health reports."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it is decoded, all prompts side by side.

        A prompt is done at its line end or at `max_new_tokens`; setting `stop` ends all within a step.
        Raises ModelError where the model cannot answer.
        """
