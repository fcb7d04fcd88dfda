"""Several lines decoded side by side, token by token, over any causal language model of transformers.

A prompt is a fixed head (the system part, whose keys and values are computed once and kept) and its own rest.
The first prompt goes first: it is read and begun alone, so that words are seen early; the others join it one by
one. A step costs little more for four lines than for one, because the weights have to be read either way.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from bot.phrasing.batch import Batch, Line, Memory
from bot.phrasing.language_model import Prompt

KEPT_HEADS = 4


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. `temperature` 0: the likeliest.

    `repetition_penalty`: the logits of what the line already holds are divided by it (Keskar et al. 2019); the
    prompt does not count, since its facts are to be repeated.
    """

    temperature: float = 0.0
    repetition_penalty: float = 1.05
    seed: int = 0


@dataclass(frozen=True)
class Encoded:
    """A prompt as token ids: the head that all prompts with this system part share, and the rest."""

    head: tuple[int, ...]
    rest: tuple[int, ...]


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> Encoded:
    """The prompt under the tokenizer's chat template, or as plain paragraphs where it has none.

    Only the template's own text may hold control tokens; in the user's part they are read as plain characters.
    """
    mark = "\0"
    text = f"{prompt.system}\n\n{mark}\n"
    if tokenizer.chat_template:
        turns = [{"role": "system", "content": prompt.system}, {"role": "user", "content": mark}]
        text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    before, _, after = text.partition(mark)
    head = _ids(tokenizer, before)
    rest = _ids(tokenizer, prompt.user, plain=True) + _ids(tokenizer, after)
    # There is always a head and a rest to compute, whatever the template.
    return Encoded(head, rest) if head else Encoded(rest[:1], rest[1:])


def _ids(tokenizer: PreTrainedTokenizerBase, text: str, *, plain: bool = False) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=plain).input_ids)


class Decoder:
    """Writes lines with a model. Not for two threads at once."""

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerBase, sampling: Sampling | None = None) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._sampling = sampling or Sampling()
        self._heads: OrderedDict[tuple[int, ...], Memory] = OrderedDict()

    def lines(
        self, prompts: Sequence[Encoded], max_new_tokens: int, stop: Event | None = None
    ) -> Iterator[tuple[int, str]]:
        """Yield (index of the prompt, new text) as it is decoded; `stop` ends all within a step."""
        longest = max((len(prompt.head) + len(prompt.rest) for prompt in prompts), default=0)
        batch = Batch(len(prompts), longest, max_new_tokens)
        generator = torch.Generator().manual_seed(self._sampling.seed)
        waiting = deque(enumerate(prompts))
        while (waiting or batch.lines) and not (stop and stop.is_set()):
            if waiting and not batch.leading:
                index, prompt = waiting.popleft()
                line = Line(index, self._tokenizer, max_new_tokens)
                logits = self._admit(batch, line, prompt)
                yield from self._advance(batch, [line], logits, generator)
            if batch.lines:
                yield from self._advance(batch, batch.lines, self._step(batch), generator)

    @torch.inference_mode()
    def warm(self, prompt: Encoded) -> None:
        """Compute the prompt's head beforehand."""
        self._head(prompt.head)

    def _head(self, ids: tuple[int, ...]) -> Memory:
        """What the model remembers of a head; kept for the next prompt."""
        if ids not in self._heads:
            memory = Memory(rows=1, slots=len(ids), live=1)
            self._forward(torch.tensor([ids]), torch.arange(len(ids))[None], _causal(0, len(ids)), memory)
            self._heads[ids] = memory
            while len(self._heads) > KEPT_HEADS:
                self._heads.popitem(last=False)
        self._heads.move_to_end(ids)
        return self._heads[ids]

    @torch.inference_mode()
    def _admit(self, batch: Batch, line: Line, prompt: Encoded) -> Tensor:
        """Reads a prompt and gives it a row of the batch; returns its logits [1, words]."""
        start, size = len(prompt.head), len(prompt.rest)
        memory = Memory(rows=1, slots=start + size, used=start)
        memory.add(self._head(prompt.head), start)
        positions = torch.arange(start, start + size)[None]
        logits = self._forward(torch.tensor([prompt.rest]), positions, _causal(start, size), memory)
        batch.add(line, memory, start)
        return logits

    @torch.inference_mode()
    def _step(self, batch: Batch) -> Tensor:
        """One token further for every line of the batch; returns logits [lines, words]."""
        return self._forward(*batch.next(), batch.memory)

    def _forward(self, ids: Tensor, positions: Tensor, mask: Tensor, memory: Memory) -> Tensor:
        out = self._model(
            input_ids=ids, position_ids=positions, attention_mask=mask, cache=memory, use_cache=True, logits_to_keep=1
        )
        memory.used += ids.shape[1]
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def _advance(
        self, batch: Batch, lines: Sequence[Line], logits: Tensor, generator: torch.Generator
    ) -> Iterator[tuple[int, str]]:
        """Chooses a token for each line, says what it adds, and lets finished lines leave the batch."""
        for line, row in zip(list(lines), logits, strict=True):
            text = line.take(choose(row, line.ids, self._sampling, generator))
            if text:
                yield line.index, text
        with torch.inference_mode():
            batch.drop_finished()


@torch.inference_mode()
def choose(logits: Tensor, said: Sequence[int], sampling: Sampling, generator: torch.Generator) -> int:
    """The next token of one line, from its logits [words] and the tokens `said` before."""
    if said and sampling.repetition_penalty != 1.0:
        seen = torch.tensor(sorted(set(said)))
        values = logits[seen]
        penalty = sampling.repetition_penalty
        logits[seen] = torch.where(values > 0, values / penalty, values * penalty)
    if sampling.temperature == 0:
        return int(logits.argmax())
    odds = torch.softmax(logits / sampling.temperature, dim=-1)
    return int(torch.multinomial(odds, 1, generator=generator))


def _causal(before: int, size: int) -> Tensor:
    """[1, 1, size, before + size]: each token sees all that came before and itself."""
    return torch.ones(size, before + size, dtype=torch.bool).tril(before)[None, None]
