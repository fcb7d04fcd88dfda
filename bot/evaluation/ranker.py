"""The weights of the parts: given, or learnt where there is a train part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Example:
    """One choice: parts [p, m] of m candidates, and the places in them of the ones that were chosen.

    `standing`: log of how many candidates each [m] stands for, where only some were drawn; 0 if each is itself.
    """

    parts: FloatArray
    chosen: IntArray
    standing: FloatArray | float = 0.0


def fit(
    examples: Sequence[Example],
    start: FloatArray,
    *,
    pull: float = 2e-3,
    steps: int = 150,
    rate: float = 0.05,
) -> FloatArray:
    """Weights [p] under which the chosen are likely among their candidates: a multinomial logit.

    The listwise softmax loss (Cao et al., ICML 2007; McFadden 1974), by Adam. `pull`: how strongly the weights are held
    to `start` [p], so that a part which the examples say nothing about keeps what it was worth.
    """
    weights = start.astype(np.float64)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    total = sum(len(example.chosen) for example in examples)
    if not total:
        return start
    for step in range(1, steps + 1):
        slope = pull * (weights - start)
        for example in examples:
            slope += gradient(example, weights) / total
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        weights -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights.astype(np.float32)


def gradient(example: Example, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[p] the slope of the loss of one example: the parts expected less those chosen."""
    scores = weights @ example.parts + example.standing
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    expected = example.parts @ chances * len(example.chosen)
    slope: npt.NDArray[np.float64] = expected - example.parts[:, example.chosen].sum(axis=1)
    return slope


def as_array(weights: Mapping[str, float], names: Sequence[str]) -> FloatArray:
    """[p] the weights of named parts, 0 for one that has none."""
    return np.asarray([weights.get(name, 0.0) for name in names], dtype=np.float32)
