"""How the next token of a line is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """`temperature` 0: the likeliest token. Else one is drawn among the likeliest that together have `top_p` of the
    odds (Holtzman et al., 2020).

    `repetition_penalty`: the logits of what the line already holds are divided by it (Keskar et al., 2019); the
    prompt does not count, since its facts are to be repeated. `pull`: what is added to the logits of words that the
    facts have after the same word, which keeps a small model to them; to what it has already said, a line is not pulled
    again.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.05
    pull: float = 0.0
    seed: int = 0


class Sampler:
    """Chooses the tokens of one line, and remembers them. What it draws depends on its seed and this line only."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(sampling.seed)
        self._said: set[int] = set()

    def choose(self, logits: Tensor, pulled: Sequence[int] = ()) -> int:
        """The number of the next token among the logits [words], which are changed; `pulled`: numbers of words that the
        facts have here."""
        sampling = self._sampling
        if sampling.pull and (new := [number for number in pulled if number not in self._said]):
            logits[new] += sampling.pull
        if self._said and sampling.repetition_penalty != 1.0:
            said = torch.tensor(sorted(self._said))
            values, penalty = logits[said], sampling.repetition_penalty
            logits[said] = torch.where(values > 0, values / penalty, values * penalty)
        chosen = self._draw(logits / sampling.temperature) if sampling.temperature else int(logits.argmax())
        self._said.add(chosen)
        return chosen

    def _draw(self, logits: Tensor) -> int:
        odds, numbers = logits.softmax(dim=-1).sort(descending=True)
        before = odds.cumsum(dim=-1) - odds
        odds[before >= self._sampling.top_p] = 0
        return int(numbers[torch.multinomial(odds, 1, generator=self._generator)])
