"""Ranking for every recommending turn by every method, and the figures of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.evaluation import metrics
from bot.evaluation.grounds import Grounds
from bot.evaluation.methods import Method, View
from bot.evaluation.protocol import Case, ranking, ranks_of, tie_breaks

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SHOWN = 10
"""How many of a ranking are looked at for lists."""
LAST_TURN = 3
"""Recommending turns of a dialogue from this one on are counted together."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """What a method did. Over targets [t]: `ranks` (from 1), `dialogues`, `nth` (which recommending turn of its
    dialogue). Over turns [c]: `gains` (NDCG@10), `turn_dialogues`, `lists` [c, 10] (positions, -1 for none).
    """

    ranks: IntArray
    dialogues: IntArray
    nth: IntArray
    gains: FloatArray
    turn_dialogues: IntArray
    lists: IntArray


def rank_all(
    grounds: Grounds,
    cases: Sequence[Case],
    methods: Mapping[str, Method],
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Ranked]:
    """Every method's ranks."""
    ties = tie_breaks([item.id for item in grounds.items])
    ranks: dict[str, list[list[int]]] = {name: [] for name in methods}
    lists: dict[str, list[IntArray]] = {name: [] for name in methods}
    for done, case in enumerate(cases, 1):
        view = View(grounds, case.situation)
        for name, method in methods.items():
            order = ranking(method(view), case.situation.mentioned, ties)
            ranks[name].append(ranks_of(order, case.targets))
            lists[name].append(np.pad(order[:SHOWN], (0, max(0, SHOWN - len(order))), constant_values=-1))
        progress(done / len(cases))
    return {name: _ranked(cases, ranks[name], lists[name]) for name in methods}


def _ranked(cases: Sequence[Case], ranks: Sequence[Sequence[int]], lists: Sequence[IntArray]) -> Ranked:
    dialogues = [case.situation.dialogue for case in cases]
    counts = [len(found) for found in ranks]
    nth: list[int] = []
    for i, dialogue in enumerate(dialogues):
        nth.append(nth[-1] + 1 if i and dialogues[i - 1] == dialogue else 1)
    return Ranked(
        ranks=np.asarray([rank for found in ranks for rank in found], dtype=np.int64),
        dialogues=np.repeat(np.asarray(dialogues, dtype=np.int64), counts),
        nth=np.repeat(np.asarray(nth, dtype=np.int64), counts),
        gains=np.asarray([metrics.ndcg_at(found, SHOWN) for found in ranks]),
        turn_dialogues=np.asarray(dialogues, dtype=np.int64),
        lists=np.asarray(lists, dtype=np.int64).reshape(len(lists), SHOWN),
    )


def figures(ranked: Ranked, grounds: Grounds) -> dict[str, object]:
    """What is reported of a method: shares of 1, 95 % intervals by dialogues, Recall@10 by recommending turn."""
    ranks, groups = ranked.ranks, ranked.dialogues
    chances = grounds.counts.put_forward.popularity() + 0.5
    chances = chances / chances.sum()
    shown = [row[row >= 0] for row in ranked.lists]
    vectors = grounds.vectors
    return {
        "recall@1": metrics.recall_at(ranks, 1),
        "recall@10": metrics.recall_at(ranks, 10),
        "recall@50": metrics.recall_at(ranks, 50),
        "mrr@10": metrics.mrr_at(ranks, 10),
        "ndcg@10": float(ranked.gains.mean()),
        "coverage@10": metrics.coverage(ranked.lists, len(grounds.items)),
        "diversity@10": None if vectors is None else float(np.mean([metrics.diversity(vectors[row]) for row in shown])),
        "novelty@10": float(np.mean([metrics.novelty(chances[row]) for row in shown])),
        "intervals": {
            **{f"recall@{k}": metrics.interval((ranks <= k).astype(float), groups) for k in (1, 10, 50)},
            "mrr@10": metrics.interval(np.where(ranks <= 10, 1 / ranks, 0), groups),
            "ndcg@10": metrics.interval(ranked.gains, ranked.turn_dialogues),
        },
        "recall@10 by turn": {
            f"{n}{'+' if n == LAST_TURN else ''}": metrics.recall_at(ranks[which], 10)
            for n in range(1, LAST_TURN + 1)
            if (which := (np.minimum(ranked.nth, LAST_TURN) == n)).any()
        },
    }
