"""Training the adapter that phrases replies: LoRA (Hu et al., 2021) on the upper layers, from written sentences.

What makes it bearable on two cores: the lower layers have no adapter, so what they give for an example never
changes and is computed once; all examples of a step stand in one sequence behind the prefix that they share, with
a mask that lets each see the prefix and itself only; the output layer is asked for the answers' tokens alone. The
base weights are rounded to the int8 that serves before training begins, so the adapter learns to speak with those.
"""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.phrasing.decode import encode
from bot.phrasing.prompts import prompt, training_request
from bot.phrasing.quantize import to_int8
from errors import InputError, ModelError

log = logging.getLogger(__name__)

SENTENCES = tuple(sorted((Path(__file__).parent / "data" / "sentences").glob("*.jsonl")))
"""The project's own written sentences."""
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class TrainingParameters:
    """All that governs a training run."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    first_layer: int = 14
    """The adapter sits on this layer and those above it."""
    learning_rate: float = 4e-4
    warm_up: int = 10
    batch: int = 8
    held_out: int = 12
    """One example in so many is never trained on."""
    save_every: int = 38
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One written line as token ids, without the prefix that all share. `key`: stable over runs."""

    key: int
    rest: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The rest of the prompt and the answer."""
        return (*self.rest, *self.answer)


@dataclass(frozen=True)
class Packed:
    """Several examples as one sequence of L tokens.

    `ids`, `positions` [1, L]; `mask` [1, 1, L, L]; `at` [t]: where the answers' next tokens `targets` [t] are asked.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    at: Tensor
    targets: Tensor


def pack(prefix: Sequence[int], examples: Sequence[Example]) -> Packed:
    """The prefix, then the examples one after another, each of which sees the prefix and itself only."""
    ids, positions, owner = list(prefix), list(range(len(prefix))), [0] * len(prefix)
    at: list[int] = []
    targets: list[int] = []
    for number, example in enumerate(examples, 1):
        start, size = len(ids), len(example.ids)
        first = start + len(example.rest) - 1
        at += range(first, first + len(example.answer))
        targets += example.answer
        ids += example.ids
        positions += range(len(prefix), len(prefix) + size)
        owner += [number] * size
    own = torch.tensor(owner)
    sees = (own[:, None] == own[None, :]) | (own[None, :] == 0)
    mask = sees & torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
    return Packed(
        torch.tensor([ids]), torch.tensor([positions]), mask[None, None], torch.tensor(at), torch.tensor(targets)
    )


def read_examples(paths: Sequence[Path], tokenizer: Any) -> tuple[tuple[int, ...], list[Example]]:
    """(the prefix that all prompts share, the examples). Raises InputError with file and line of a bad one."""
    heads: set[tuple[int, ...]] = set()
    examples: list[Example] = []
    for path in paths:
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                raw = json.loads(row)
                encoded = encode(tokenizer, prompt(training_request(raw)))
                answer = tokenizer(raw["line"] + "\n", add_special_tokens=False).input_ids
            except (KeyError, TypeError, ValueError) as error:
                where = f"{path}:{number}"
                raise InputError(
                    field=where, zh_reason=f"不是训练句子（{error}）", reason=f"no example: {error}"
                ) from error
            heads.add(encoded.head)
            key = int.from_bytes(blake2b(row.encode(), digest_size=6).digest())
            examples.append(Example(key, encoded.rest, (*answer, tokenizer.eos_token_id)))
    if len(heads) != 1:
        raise InputError(field="sentences", zh_reason="一句可用的都没有", reason="there is no example in them")
    return heads.pop(), examples


class Trainer:
    """One training run. `train` prints the losses and leaves the adapter in `out`; a killed run goes on there."""

    def __init__(self, base: Path, out: Path, parameters: TrainingParameters) -> None:
        set_seed(parameters.seed)
        self._p = parameters
        self._out = out
        self._accelerator = Accelerator()
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelError(model=str(base), reason="it cannot be loaded to be trained") from error
        _round_as_served(model)
        self._model = self._adapted(model).to(self._accelerator.device)
        self._base: Any = self._model.get_base_model()
        self._lower: dict[int, Tensor] = {}

    def train(self, sentences: Sequence[Path], epochs: float) -> float:
        """Trains and returns the loss on the held-out examples (mean negative log-likelihood a token)."""
        prefix, examples = read_examples(sentences, self.tokenizer)
        held = [example for example in examples if example.key % self._p.held_out == 0]
        taught = [example for example in examples if example.key % self._p.held_out]
        steps = int(epochs * math.ceil(len(taught) / self._p.batch))
        weights = [p for p in self._model.parameters() if p.requires_grad]
        optimizer = self._accelerator.prepare(torch.optim.AdamW(weights, lr=self._p.learning_rate, weight_decay=0.0))
        done = self._resume(optimizer)
        print(f"{len(taught)} examples, {len(held)} held out, {steps} steps from {done}", flush=True)
        for step, batch in enumerate(self._batches(taught), 1):
            if step > steps:
                break
            if step <= done:
                continue
            for group in optimizer.param_groups:
                group["lr"] = self._p.learning_rate * _rate(step, steps, self._p.warm_up)
            loss = self._losses(prefix, batch).mean()
            self._accelerator.backward(loss)
            self._accelerator.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            print(f"step {step}/{steps}  loss {loss.item():.3f}", flush=True)
            if step % self._p.save_every == 0 or step == steps:
                print(f"step {step}/{steps}  held out {self._held_out(prefix, held):.3f}", flush=True)
                self._save(step, optimizer)
        return self._held_out(prefix, held)

    def _adapted(self, model: Any) -> PeftModel:
        count = model.config.num_hidden_layers
        config = LoraConfig(
            r=self._p.rank,
            lora_alpha=self._p.alpha,
            lora_dropout=self._p.dropout,
            target_modules=list(LAYERS),
            layers_to_transform=list(range(min(self._p.first_layer, count - 1), count)),
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config)

    def _batches(self, taught: Sequence[Example]) -> Iterator[list[Example]]:
        """Endless: each round in another order, the same in every run."""
        order = random.Random(self._p.seed)
        while True:
            shuffled = order.sample(list(taught), len(taught))
            for start in range(0, len(shuffled), self._p.batch):
                yield shuffled[start : start + self._p.batch]

    def _losses(self, prefix: Sequence[int], batch: Sequence[Example]) -> Tensor:
        """[t] the negative log-likelihood of each answer token."""
        packed = pack(prefix, batch)
        device = self._accelerator.device
        hidden = self._run(self._lower_half(prefix, batch), packed, self._p.first_layer, None)
        asked = self._base.model.norm(hidden)[0][packed.at.to(device)]
        return nn.functional.cross_entropy(self._base.lm_head(asked), packed.targets.to(device), reduction="none")

    def _lower_half(self, prefix: Sequence[int], batch: Sequence[Example]) -> Tensor:
        """[1, L, width] what the layers below the adapter give; remembered example by example."""
        new = [example for example in batch if example.key not in self._lower]
        if new:
            packed = pack(prefix, new)
            with torch.no_grad():
                words = self._base.model.embed_tokens(packed.ids.to(self._accelerator.device))
                hidden = self._run(words, packed, 0, self._p.first_layer)[0]
            self._lower[-1] = hidden[: len(prefix)].clone()
            start = len(prefix)
            for example in new:
                self._lower[example.key] = hidden[start : start + len(example.ids)].clone()
                start += len(example.ids)
        return torch.cat([self._lower[-1], *(self._lower[example.key] for example in batch)])[None]

    def _run(self, hidden: Tensor, packed: Packed, first: int, last: int | None) -> Tensor:
        body, device = self._base.model, self._accelerator.device
        positions, mask = packed.positions.to(device), packed.mask.to(device)
        turned = body.rotary_emb(hidden, positions)
        for layer in body.layers[first:last]:
            out = layer(hidden, attention_mask=mask, position_ids=positions, position_embeddings=turned)
            hidden = out[0] if isinstance(out, tuple) else out
        return hidden

    @torch.no_grad()
    def _held_out(self, prefix: Sequence[int], held: Sequence[Example]) -> float:
        if not held:
            return math.nan
        self._model.eval()
        parts = [self._losses(prefix, held[i : i + self._p.batch]) for i in range(0, len(held), self._p.batch)]
        self._model.train()
        return float(torch.cat(parts).mean())

    def _save(self, step: int, optimizer: Any) -> None:
        """The adapter in half precision, and beside it what a killed run needs to go on."""
        self._out.mkdir(parents=True, exist_ok=True)
        weights = {n: p.detach().half().contiguous() for n, p in self._model.named_parameters() if p.requires_grad}
        self._model.save_pretrained(str(self._out), state_dict=weights)
        exact = {name: p.detach() for name, p in self._model.named_parameters() if p.requires_grad}
        state = {"step": step, "weights": exact, "optimizer": optimizer.state_dict()}
        part = self._out / "resume.part"
        torch.save(state, part)
        part.replace(self._out / "resume.pt")

    def _resume(self, optimizer: Any) -> int:
        path = self._out / "resume.pt"
        if not path.exists():
            return 0
        state = torch.load(path, map_location=self._accelerator.device, weights_only=True)
        self._model.load_state_dict(state["weights"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])


def train(sentences: Sequence[Path], base: Path, out: Path, *, epochs: float = 1.5) -> float:
    """Trains an adapter for the model in `base` and leaves it in `out`; returns the held-out loss.

    Raises InputError for a bad sentence file, ModelError where the base cannot be loaded.
    """
    return Trainer(base, out, TrainingParameters()).train(sentences, epochs)


def _rate(step: int, steps: int, warm_up: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to a twentieth."""
    return min(1.0, step / warm_up) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(steps, 1)))))


@torch.no_grad()
def _round_as_served(model: nn.Module) -> None:
    """Puts every linear weight of the layers on the steps of the int8 that serves."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name != "lm_head":
            whole, scale = to_int8(module.weight)
            module.weight.copy_(whole.float() * scale.unsqueeze(1))
