"""The ways to rank that are set beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bot.evaluation.grounds import Grounds
from bot.evaluation.parts import parts
from bot.evaluation.protocol import Situation
from errors import SettingsError

FloatArray = npt.NDArray[np.float32]

RANK_PRIOR = 60
"""Reciprocal rank fusion's constant (Cormack et al., SIGIR 2009)."""

WEIGHTS: Mapping[str, float] = {
    "popular": 0.5,
    "spoken": 0.3,
    "people": 0.2,
    "next": 0.1,
    "said": 0.2,
    "earlier": 0.1,
    "domain": 0.8,
    "words_last": 1.0,
    "words_recent": 1.0,
    "words_user": 1.0,
    "words_bot": 1.0,
    "words_all": 1.0,
    "words_last_sum": 0.8,
    "words_all_sum": 0.3,
    "named_last": 1.5,
    "named": 2.0,
    "shared": 2.0,
    "linked": 0.0,
    "linked_asked": 2.0,
    "limits": 4.0,
    "limits_earlier": 0.5,
    "near_last": 0.5,
    "near": 2.0,
    "near_items": 1.5,
}
"""What one unit of each part is worth where no train part teaches better: one set of numbers for every catalogue, set
by hand."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "popularity": ("popular", "spoken"),
    "people": ("people", "next"),
    "recorded words": ("said", "earlier"),
    "domain": ("domain",),
    "bm25": (
        "words_last",
        "words_recent",
        "words_user",
        "words_bot",
        "words_all",
        "words_last_sum",
        "words_all_sum",
    ),
    "named values": ("named_last", "named"),
    "shared values": ("shared",),
    "listed": ("linked", "linked_asked"),
    "dense": ("near_last", "near", "near_items"),
    "limits": ("limits", "limits_earlier"),
}
"""The parts that are left out together to see what they bring."""


@dataclass(frozen=True, eq=False)
class View:
    """A situation with the parts of our score, which are worked out once for all methods that need them."""

    grounds: Grounds
    situation: Situation

    @cached_property
    def parts(self) -> Mapping[str, FloatArray]:
        """Part → [n]."""
        return parts(self.grounds, self.situation)

    def mixed(self, weights: Mapping[str, float]) -> FloatArray:
        """[n] the weighted sum of the parts."""
        total = self.grounds.nothing.copy()
        for name, weight in weights.items():
            if weight and name in self.parts:
                total += np.float32(weight) * self.parts[name]
        return total


Method = Callable[[View], FloatArray]


def popularity(view: View) -> FloatArray:
    """How often an item was put forward in the recorded dialogues."""
    counts = view.grounds.counts
    return counts.put_forward.popularity(counts.left_out(view.situation))


def co_occurrence(view: View) -> FloatArray:
    """With what was mentioned, in the same dialogues; what is popular where that says nothing."""
    counts, without = view.grounds.counts, view.grounds.counts.left_out(view.situation)
    together = counts.people.together(dict.fromkeys(view.situation.mentioned, 1.0), without)
    return together + np.float32(1e-3) * counts.put_forward.popularity(without)


def bm25(view: View) -> FloatArray:
    """BM25 for the last three messages."""
    return view.grounds.bm25.scores(view.situation.said(3))


def bm25_all(view: View) -> FloatArray:
    """BM25 for all that both sides said."""
    return view.grounds.bm25.scores([turn.text for turn in view.situation.turns])


def dense(view: View) -> FloatArray:
    """The cosine with the last message."""
    return view.grounds.near(view.situation, 1, 1.0)


def fusion(view: View) -> FloatArray:
    """Reciprocal ranks of BM25 and the cosine, both for the last three messages."""
    return reciprocal(bm25(view)) + reciprocal(view.grounds.near(view.situation, 3, 1.0))


def reciprocal(scores: FloatArray) -> FloatArray:
    """[n] 1 / (60 + rank); equals share the best of their ranks."""
    _, inverse, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    fused: FloatArray = (1 / (RANK_PRIOR + 1 + first[inverse])).astype(np.float32)
    return fused


SIMPLE: Mapping[str, Method] = {
    "popularity": popularity,
    "co-occurrence": co_occurrence,
    "bm25": bm25,
    "bm25 all turns": bm25_all,
    "dense": dense,
    "fusion": fusion,
}
NEEDS_VECTORS = frozenset({"dense", "fusion"})


def methods_named(names: str, weights: Mapping[str, float]) -> dict[str, Method]:
    """Methods by comma-separated names: those above, `ours`, and `ablation` for ours without each group of parts.

    Raises SettingsError for a name that is none.
    """
    found: dict[str, Method] = {}
    for name in (part.strip() for part in names.split(",")):
        if name == "ours":
            found[name] = ours(weights)
        elif name == "ablation":
            for group, left_out in GROUPS.items():
                found[f"ours without {group}"] = ours(_less(weights, left_out))
        elif name in SIMPLE:
            found[name] = SIMPLE[name]
        else:
            allowed = ", ".join([*SIMPLE, "ours", "ablation"])
            raise SettingsError(name="--methods", reason=f"{name!r} is none; allowed: {allowed}")
    return found


def ours(weights: Mapping[str, float]) -> Method:
    """The weighted sum of the parts."""
    return lambda view: view.mixed(weights)


def _less(weights: Mapping[str, float], left_out: Sequence[str]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if name not in left_out}
