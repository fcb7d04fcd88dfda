"""Training the adapter that phrases replies: LoRA (Hu et al., 2021) on the upper layers, from written sentences.

What makes it bearable on two cores: the lower layers have no adapter, so what they give for an example never
changes and is computed once; all examples of a step stand in one sequence behind the prefix that they share, with
an attention that lets each see the prefix and itself only; the output layer is asked for the answers' tokens alone,
among the words that are served. The base is the int8 that serves, on a CPU in its arithmetic too, so the adapter learns
to speak with that.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.phrasing.curve import Point, read_curve, write_curve
from bot.phrasing.halves import Halves
from bot.phrasing.served import freeze_as_served
from bot.phrasing.training_data import Example, Parts, divide, read_examples
from bot.phrasing.words import words
from errors import InputError, ModelError

log = logging.getLogger(__name__)

SENTENCES = tuple(sorted((Path(__file__).parent / "data" / "sentences").glob("*.jsonl")))
"""The project's own written sentences."""
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
STATE = "resume.pt"


@dataclass(frozen=True)
class TrainingParameters:
    """All that governs a training run."""

    rank: int = 16
    alpha: int = 32
    share: float = 0.6
    """The adapter sits on this share of the layers, the upper ones."""
    learning_rate: float = 3e-4
    warm_up: int = 20
    batch: int = 8
    held_out: int = 25
    """What is about one thing in so many is never taught."""
    held_domains: frozenset[str] = frozenset({"podcast", "museum", "plant", "job"})
    """Kinds of things that are never taught."""
    scored: int = 120
    """At most so many held-out examples of a sort are scored on the way."""
    score_every: int = 100
    save_every: int = 25
    seed: int = 0


@dataclass
class Progress:
    """How far a run has come: steps done, the losses since the last point, the seconds taken, the points."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    points: list[Point] = field(default_factory=list)


class Trainer:
    """One training run. `train` prints the losses and leaves the adapter in `out`; a killed run goes on there."""

    def __init__(self, base: Path, out: Path, parameters: TrainingParameters) -> None:
        """Load the base. Raises ModelError where that cannot be done."""
        set_seed(parameters.seed)
        self._p = parameters
        self._out = out
        self._name = base.name
        bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        self._accelerator = Accelerator(mixed_precision="bf16" if bf16 else "no")
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelError(model=str(base), reason="it cannot be loaded to be trained") from error
        freeze_as_served(model, self._accelerator.device)
        count = model.config.num_hidden_layers
        self._first = min(round((1 - parameters.share) * count), count - 1)
        self._model = _adapted(model, parameters, range(self._first, count)).to(self._accelerator.device)
        self._weights = {name: p for name, p in self._model.named_parameters() if p.requires_grad}

    def train(self, sentences: Sequence[Path], epochs: float) -> Point:
        """Train; returns the point at which the held-out items were likeliest, whose adapter is the one kept.

        Raises InputError for a bad sentence, or where none is left to be taught.
        """
        prefix, examples = read_examples(sentences, self.tokenizer)
        served = _words(self.tokenizer, self._model.config.vocab_size, examples)
        self._halves = Halves(self._model.get_base_model(), self._first, served)
        parts = divide(examples, self._p.held_out, self._p.held_domains)
        if not parts.taught:
            raise InputError(
                field="sentences", zh_reason="全都留作测试了，请多给一些", reason="all are held out; give more"
            )
        steps = max(1, int(epochs * math.ceil(len(parts.taught) / self._p.batch)))
        run = _fingerprint(self._p, self._name, steps, examples)
        optimizer = self._accelerator.prepare(
            torch.optim.AdamW(self._weights.values(), lr=self._p.learning_rate, weight_decay=0.0)
        )
        progress = self._resume(run, optimizer)
        print(
            f"{self._name}: {len(parts.taught)} examples taught; held out: {len(parts.items)} by item, "
            f"{len(parts.domains)} by domain; {steps} steps from {progress.step}",
            flush=True,
        )
        if not progress.points:
            self._score(progress, prefix, parts)
        for step, batch in enumerate(self._batches(parts.taught, steps), 1):
            if step <= progress.step:
                continue
            begun = monotonic()
            loss = self._step(optimizer, prefix, batch, step, steps)
            progress.step = step
            progress.losses.append(loss)
            progress.seconds += monotonic() - begun
            print(f"step {step}/{steps}  loss {loss:.3f}  {progress.seconds / step:.1f} s a step", flush=True)
            if step % self._p.score_every == 0 or step == steps:
                self._score(progress, prefix, parts)
            if step % self._p.save_every == 0:
                self._save(run, progress, optimizer)
        (self._out / STATE).unlink(missing_ok=True)
        best = _best(progress.points)
        print(f"kept: step {best.step}; held out: items {best.items:.3f}, domains {best.domains:.3f}", flush=True)
        return best

    def _step(self, optimizer: Any, prefix: Sequence[int], batch: Sequence[Example], step: int, steps: int) -> float:
        """One step of the optimizer; returns the loss."""
        # Seeded step by step, so that a run that was killed goes on as if it had not been.
        torch.manual_seed(self._p.seed + step)
        for group in optimizer.param_groups:
            group["lr"] = self._p.learning_rate * _rate(step, steps, self._p.warm_up)
        loss = self._losses(prefix, batch).mean()
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_(self._weights.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    def _batches(self, taught: Sequence[Example], steps: int) -> Iterator[list[Example]]:
        """Each round in another order, the same in every run."""
        order = random.Random(self._p.seed)
        made = 0
        while True:
            shuffled = order.sample(list(taught), len(taught))
            for start in range(0, len(shuffled), self._p.batch):
                if made == steps:
                    return
                yield shuffled[start : start + self._p.batch]
                made += 1

    def _losses(self, prefix: Sequence[int], batch: Sequence[Example]) -> Tensor:
        """[t] the negative log-likelihood of each answer token."""
        with self._accelerator.autocast():
            return self._halves.losses(prefix, batch)

    def _score(self, progress: Progress, prefix: Sequence[int], parts: Parts) -> None:
        """Adds a point; the adapter is kept where it is the best so far."""
        taught = sum(progress.losses) / len(progress.losses) if progress.losses else math.nan
        scores = [self._held_out(prefix, held[: self._p.scored]) for held in (parts.items, parts.domains)]
        point = Point(progress.step, taught, scores[0], scores[1], progress.seconds)
        progress.points.append(point)
        progress.losses.clear()
        print(f"step {point.step}  held out: items {point.items:.3f}, domains {point.domains:.3f}", flush=True)
        self._out.mkdir(parents=True, exist_ok=True)
        write_curve(self._out, progress.points, f"{self._name}: loss a token")
        if point is _best(progress.points):
            self._keep()

    @torch.no_grad()
    def _held_out(self, prefix: Sequence[int], held: Sequence[Example]) -> float:
        if not held:
            return math.nan
        self._model.eval()
        size = self._p.batch
        parts = [self._losses(prefix, held[start : start + size]) for start in range(0, len(held), size)]
        self._model.train()
        return float(torch.cat(parts).mean())

    def _keep(self) -> None:
        """The adapter, in half precision."""
        half = {name: p.detach().half().contiguous() for name, p in self._weights.items()}
        # peft would name the folder of this machine.
        self._model.peft_config["default"].base_model_name_or_path = self._name
        self._model.save_pretrained(str(self._out), state_dict=half, save_embedding_layers=False)
        (self._out / "README.md").unlink(missing_ok=True)  # peft's empty form of a model card

    def _save(self, run: str, progress: Progress, optimizer: Any) -> None:
        """What a killed run needs to go on."""
        state = {
            "run": run,
            "step": progress.step,
            "losses": progress.losses,
            "seconds": progress.seconds,
            "weights": {name: p.detach() for name, p in self._weights.items()},
            "optimizer": optimizer.state_dict(),
        }
        part = self._out / f"{STATE}.part"
        torch.save(state, part)
        part.replace(self._out / STATE)

    def _resume(self, run: str, optimizer: Any) -> Progress:
        """Where the run left off; the beginning where none was, or one with other parameters or sentences."""
        path = self._out / STATE
        state = torch.load(path, map_location=self._accelerator.device, weights_only=True) if path.exists() else {}
        if state.get("run") != run:
            return Progress()
        self._model.load_state_dict(state["weights"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        points = [point for point in read_curve(self._out) if point.step <= state["step"]]
        return Progress(state["step"], state["losses"], state["seconds"], points)


def train(
    sentences: Sequence[Path],
    base: Path,
    out: Path,
    *,
    epochs: float = 2.0,
    parameters: TrainingParameters | None = None,
) -> Point:
    """Trains an adapter for the model in `base` and leaves it in `out`, with `curve.csv` and `curve.svg` beside it.

    Returns the losses of the adapter that was kept. Raises InputError for a bad sentence, ModelError where the base
    cannot be loaded.
    """
    return Trainer(base, out, parameters or TrainingParameters()).train(sentences, epochs)


def _adapted(model: Any, parameters: TrainingParameters, layers: Sequence[int]) -> PeftModel:
    config = LoraConfig(
        r=parameters.rank,
        lora_alpha=parameters.alpha,
        target_modules=list(LINEAR),
        layers_to_transform=list(layers),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _best(points: Sequence[Point]) -> Point:
    """The point with the least loss on held-out items; the last where there are none."""
    scored = [point for point in points if not math.isnan(point.items)]
    return min(scored, key=lambda point: point.items) if scored else points[-1]


def _fingerprint(parameters: TrainingParameters, base: str, steps: int, examples: Sequence[Example]) -> str:
    """Differs where a run would go differently (hex)."""
    digest = blake2b(digest_size=8)
    known = sorted(parameters.__dict__.items(), key=str)
    told = [(name, sorted(value) if isinstance(value, frozenset) else value) for name, value in known]
    digest.update(f"{base} {steps} {told}".encode())
    for example in examples:
        digest.update(str(example.ids).encode())
    return digest.hexdigest()


def _words(tokenizer: Any, size: int, examples: Sequence[Example]) -> Tensor:
    """Token ids, ascending: the words that the served model may say, and all that the examples say."""
    return torch.tensor(
        sorted({*words(tokenizer, size).tolist(), *(t for example in examples for t in example.answer)})
    )


def _rate(step: int, steps: int, warm_up: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to a twentieth."""
    return min(1.0, step / warm_up) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(steps, 1)))))
