"""What everybody made of the items, with a bound on what one visitor can add."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from storage.judging import Act

APPROVAL: Mapping[str, float] = {"purchase": 3.0, "like": 1.0, "click": 0.2, "dislike": -1.0, "hide": -1.0}
"""What one act adds to an item's approval; the same act of the same visitor on the same item adds once."""
MOST_OF_ONE = 20.0
"""What one visitor can add and take away in all: who likes hundreds of items counts less for each."""


def approvals(acts: Sequence[Act], floor: int = 1) -> dict[str, float]:
    """Item id → weighted approvals less disapprovals, by everybody; only where at least `floor` visitors judged."""
    total: defaultdict[str, float] = defaultdict(float)
    judges: Counter[str] = Counter()
    for own in _by_visitor(acts).values():
        worth = {item_id: sum(APPROVAL.get(kind, 0.0) for kind in kinds) for item_id, kinds in own.items()}
        share = min(1.0, MOST_OF_ONE / max(sum(abs(value) for value in worth.values()), 1e-9))
        for item_id, value in worth.items():
            total[item_id] += share * value
            judges[item_id] += 1
    return {item_id: value for item_id, value in total.items() if judges[item_id] >= floor}


def approved(acts: Sequence[Act]) -> list[list[str]]:
    """For each visitor, the ids of what was liked or bought and not turned down, in order."""
    return [
        [item_id for item_id, kinds in own.items() if {"like", "purchase"} & kinds and not {"dislike", "hide"} & kinds]
        for own in _by_visitor(acts).values()
    ]


def _by_visitor(acts: Sequence[Act]) -> dict[str, dict[str, set[str]]]:
    """Visitor → item id → kinds of acts, in order."""
    found: dict[str, dict[str, set[str]]] = {}
    for act in acts:
        found.setdefault(act.who, {}).setdefault(act.item_id, set()).add(act.kind)
    return found
