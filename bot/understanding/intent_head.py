"""The intent of a message that no rule decides: a small head on the frozen encoder.

Multinomial logistic regression over the message's vector, trained on our own labelled sentences
(`data/intents/*.txt`). The head for the embedded encoder lies beside them; for another encoder it is fitted at start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bot.understanding.turn import Intent, Turn
from errors import Lang

if TYPE_CHECKING:
    from retrieval.encoder import TextEncoder

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SURE = 0.7
"""The head decides at this probability; below it the rules' guess stands."""
SPREAD = 5.0
"""Length of the centred vectors that the regression sees: at length 1 it would need very large weights."""
PENALTY = 1e-3
"""L2 penalty on the weights."""
STEPS, RATE = 600, 0.05
FOLDS = 5
SHIPPED = "data/intents/head.npz"


@dataclass(frozen=True)
class Labelled:
    """A sentence with the intent that it has."""

    text: str
    intent: Intent
    lang: Lang


@dataclass(frozen=True, eq=False)
class IntentHead:
    """`centre` [d], `weights` [d, k], `bias` [k] for the k `intents`. Read-only."""

    intents: tuple[Intent, ...]
    centre: FloatArray
    weights: FloatArray
    bias: FloatArray

    def probabilities(self, vectors: FloatArray) -> FloatArray:
        """[n, k] for the encoder's vectors [n, d] of whole messages (as queries)."""
        return _softmax(_spread(vectors, self.centre) @ self.weights + self.bias)

    def intent(self, vector: FloatArray, turn: Turn) -> Intent:
        """The intent of a message with that vector [d]: the head's where it is sure, else the one the turn has."""
        share = self.probabilities(vector[None])[0]
        best = int(share.argmax())
        return self.intents[best] if share[best] >= SURE else turn.intent


@dataclass(frozen=True)
class HeldOut:
    """Scores on sentences that were left out of the training, over all folds.

    `accuracy`: share right; `decided`: share at or above SURE, and `right_when_decided` of these; `by_intent`: recall.
    """

    accuracy: float
    decided: float
    right_when_decided: float
    by_intent: dict[Intent, float]


def labelled() -> tuple[Labelled, ...]:
    """Our own sentences, both languages."""
    return (*_read("zh"), *_read("en"))


def fit(vectors: FloatArray, examples: Sequence[Labelled]) -> IntentHead:
    """The head that fits the examples; `vectors` [n, d] are their texts' as the encoder gives them."""
    intents = tuple(sorted({example.intent for example in examples}))
    wanted = np.asarray([intents.index(example.intent) for example in examples], dtype=np.int64)
    centre = vectors.mean(axis=0)
    weights, bias = _regress(_spread(vectors, centre), wanted, len(intents))
    return IntentHead(intents, centre, weights, bias)


def held_out(vectors: FloatArray, examples: Sequence[Labelled], seed: int = 0) -> HeldOut:
    """Each sentence judged by a head that has not seen it (cross-validation)."""
    order = np.random.default_rng(seed).permutation(len(examples))
    right, sure = np.zeros(len(examples), dtype=np.bool_), np.zeros(len(examples), dtype=np.bool_)
    for fold in np.array_split(order, FOLDS):
        rest = np.setdiff1d(order, fold)
        head = fit(vectors[rest], [examples[i] for i in rest])
        share = head.probabilities(vectors[fold])
        right[fold] = [head.intents[k] is examples[i].intent for i, k in zip(fold, share.argmax(axis=1), strict=True)]
        sure[fold] = share.max(axis=1) >= SURE
    by_intent = {
        intent: float(right[[example.intent is intent for example in examples]].mean())
        for intent in sorted({example.intent for example in examples})
    }
    return HeldOut(float(right.mean()), float(sure.mean()), float(right[sure].mean()), by_intent)


def intent_head(encoder: TextEncoder, *, embedded: bool) -> IntentHead:
    """The head for an encoder: the one that ships for the embedded one, else one fitted now (some seconds)."""
    if embedded:
        return from_bytes(files("bot.understanding").joinpath(SHIPPED).read_bytes())
    examples = labelled()
    return fit(encoder.encode([example.text for example in examples], "query"), examples)


def to_bytes(head: IntentHead) -> bytes:
    """The head as an .npz file."""
    out = BytesIO()
    np.savez(out, intents=np.asarray(head.intents), centre=head.centre, weights=head.weights, bias=head.bias)
    return out.getvalue()


def from_bytes(raw: bytes) -> IntentHead:
    """Reads `to_bytes` back."""
    with np.load(BytesIO(raw), allow_pickle=False) as kept:
        intents = tuple(Intent(str(name)) for name in kept["intents"])
        return IntentHead(intents, kept["centre"], kept["weights"], kept["bias"])


def _read(lang: Lang) -> Iterator[Labelled]:
    """Sentences, one a line, under a line with their [intent]."""
    intent = Intent.ASK
    path = files("bot.understanding").joinpath(f"data/intents/{lang}.txt")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            intent = Intent(line.strip("[] "))
        elif line and not line.startswith("#"):
            yield Labelled(line, intent, lang)


def _spread(vectors: FloatArray, centre: FloatArray) -> FloatArray:
    """Vectors [n, d] less what all messages have in common, at length SPREAD."""
    moved = vectors - centre
    length = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    spread: FloatArray = (SPREAD * moved / length).astype(np.float32)
    return spread


def _softmax(scores: FloatArray) -> FloatArray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    share: FloatArray = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return share


def _regress(vectors: FloatArray, wanted: IntArray, classes: int) -> tuple[FloatArray, FloatArray]:
    """Weights [d, k] and bias [k] by Adam (Kingma & Ba, 2015) on the balanced cross-entropy; nothing is random."""
    n, d = vectors.shape
    balance = (n / classes / np.bincount(wanted, minlength=classes))[wanted][:, None].astype(np.float32)
    target = np.eye(classes, dtype=np.float32)[wanted]
    both = np.zeros((d + 1, classes), dtype=np.float32)
    mean, square = np.zeros_like(both), np.zeros_like(both)
    inputs = np.hstack([vectors, np.ones((n, 1), dtype=np.float32)])
    for step in range(1, STEPS + 1):
        slope = inputs.T @ ((_softmax(inputs @ both) - target) * balance) / n
        slope[:-1] += PENALTY * both[:-1]
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        both -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return both[:-1].astype(np.float32), both[-1].astype(np.float32)
