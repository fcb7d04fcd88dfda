"""Learning the weights of the parts on a train part, whose dialogues are each left out of the counts in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from bot.evaluation.dialogues import Dialogue
from bot.evaluation.grounds import Grounds
from bot.evaluation.methods import View
from bot.evaluation.protocol import Case, cases
from bot.evaluation.ranker import Example, as_array, fit

MOST_EXAMPLES = 500
"""Recommending turns that are learnt from, drawn by their dialogues' ids."""
OTHERS = 300
"""Candidates beside the chosen ones, half of them those that the given weights think best."""


def drawn(train: Sequence[Dialogue], position: Mapping[str, int]) -> list[Case]:
    """The cases of the train part that are learnt from."""
    found = list(cases(train, position))
    keys = [blake2b(d.id.encode("utf-8", "surrogatepass"), digest_size=8).digest() for d in train]
    found.sort(key=lambda case: (keys[case.situation.dialogue], case.turn))
    return found[:MOST_EXAMPLES]


def learnt(grounds: Grounds, examples: Sequence[Case], weights: Mapping[str, float]) -> dict[str, float]:
    """The weights after learning, from the given ones. `grounds`: counts of the train part that examples are of."""
    own = replace(grounds, counts=replace(grounds.counts, own=True))
    names = list(weights)
    random = np.random.default_rng(0)
    found = [example(View(own, case.situation), case, names, weights, random) for case in examples]
    fitted = fit(found, as_array(weights, names))
    return {name: float(weight) for name, weight in zip(names, fitted, strict=True)}


def example(
    view: View, case: Case, names: Sequence[str], weights: Mapping[str, float], random: np.random.Generator
) -> Example:
    """A case as an example: the chosen, the best of the others, and some drawn from the rest."""
    scores = view.mixed(weights)
    open_ = np.ones(len(scores), dtype=np.bool_)
    open_[list(case.situation.mentioned)] = False
    open_[list(case.targets)] = False
    others = np.flatnonzero(open_)
    best = others[np.argsort(-scores[others], kind="stable")[: OTHERS // 2]]
    rest = np.setdiff1d(others, best)
    some = random.choice(rest, min(OTHERS // 2, len(rest)), replace=False)
    places = np.concatenate([np.asarray(case.targets, dtype=np.int64), best, some])
    standing = np.zeros(len(places), dtype=np.float32)
    standing[len(places) - len(some) :] = np.log(len(rest) / max(len(some), 1))
    rows = np.stack(
        [view.parts[name][places] if name in view.parts else view.grounds.nothing[places] for name in names]
    )
    return Example(rows, np.arange(len(case.targets)), standing)
