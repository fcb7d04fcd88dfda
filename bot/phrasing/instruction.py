"""A fuller instruction with examples, for models that were not trained on our sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Event

from bot.phrasing.examples import request_of
from bot.phrasing.language_model import LanguageModel, Prompt
from bot.phrasing.prompts import LABELS, prompt
from bot.shipped import read_json

KIND_LABELS: Mapping[str, str] = {"item": "wish", "opening": "intent", "answer": "question", "compare": "compare"}
"""Kind of line → the label that the rest of its prompt begins with."""
ARROW = "→"
"""Stands before the line of an example; a model may repeat it."""


class Instructed:
    """A language model whose prompts get the fuller instruction for their kind and language, one of eight texts."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self._systems = instructions()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        """As the model's own `generate`."""
        fuller = [replace(asked, system=self._systems.get(_first_label(asked), asked.system)) for asked in prompts]
        begun: set[int] = set()
        for index, text in self.model.generate(fuller, max_new_tokens=max_new_tokens, stop=stop, attempt=attempt):
            said = text if index in begun else text.lstrip(f"{ARROW} ")
            if said:
                begun.add(index)
                yield index, said

    def close(self) -> None:
        """Ends what the model holds open, if it holds anything."""
        if close := getattr(self.model, "close", None):
            close()


def instructions() -> Mapping[str, str]:
    """First label of a prompt → the fuller instruction for such lines: rules, task, examples of our own."""
    return {
        LABELS[label][lang == "en"]: "\n\n".join(
            [f"{told['rules']}\n{told[kind]['task']}", told["head"], *map(_example, told[kind]["examples"])]
        )
        for lang, told in read_json("bot.phrasing", "instructions.json").items()
        for kind, label in KIND_LABELS.items()
    }


def _example(row: Mapping[str, object]) -> str:
    return f"{prompt(request_of(row)).text}\n{ARROW} {row['line']}"


def _first_label(asked: Prompt) -> str:
    return asked.user.partition("\n")[0].replace("：", ":").partition(":")[0]
