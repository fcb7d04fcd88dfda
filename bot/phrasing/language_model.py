"""The one boundary to a generative model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol


@dataclass(frozen=True)
class Prompt:
    """What a model is asked. `system`: the fixed instruction; `facts`: the part of the user's turn that is the same for
    every visitor (may be empty); `user`: the rest of it. `begins`: how its line may well begin, where that is known."""

    system: str
    facts: str
    user: str
    begins: str = ""

    @property
    def text(self) -> str:
        """The user's turn, whole."""
        return f"{self.facts}\n{self.user}" if self.facts else self.user


class LanguageModel(Protocol):
    """Writes one line for each prompt."""

    @property
    def name(self) -> str:
        """What the model is called in logs, replies and health reports."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it is decoded, all prompts side by side.

        A prompt is done at its line end or at `max_new_tokens`; setting `stop` ends all within a step.
        `attempt` above 0 asks for another sample than the first one.
        Raises ModelError where the model cannot answer.
        """
