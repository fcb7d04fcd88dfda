"""Counts by item and kind of feedback that may be published: differentially private.

Each visitor (a session, where they have no id) adds at most `contribution` pairs of item and kind, each once, chosen at
random where there are more; then every count of every item gets noise of the discrete Laplace distribution (Ghosh et
al. 2009) by OpenDP. So whoever reads the counts learns at most ε about whether any one visitor took part (Dwork et al.
2006). The items are the catalogue's, which is public: an item nobody judged has a noisy count as well.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import SystemRandom

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from errors import InputError
from storage.tables import FeedbackRow, ItemRow, SessionRow

KINDS = ("like", "dislike", "hide", "click", "browse", "purchase", "rating")


@dataclass(frozen=True)
class NoisyCount:
    """How many visitors did this with the item, with noise: it may be off either way, and below zero."""

    item_id: str
    kind: str
    count: int


@dataclass(frozen=True)
class Aggregates:
    """The counts. `epsilon`: what they cost a visitor's privacy at most; `scale`: of the noise."""

    epsilon: float
    contribution: int
    scale: float
    counts: tuple[NoisyCount, ...]

    def write(self, path: Path) -> None:
        """As one JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def aggregates(db: Session, epsilon: float, contribution: int = 10) -> Aggregates:
    """The counts of the whole catalogue for a budget of ε > 0; each call spends its own. Raises InputError."""
    if not 0 < epsilon <= 100:
        raise InputError(field="epsilon", zh_reason="应大于 0，不超过 100", reason="allowed: above 0, up to 100")
    if contribution < 1:
        raise InputError(field="contribution", zh_reason="至少为 1", reason="allowed: 1 or more")
    places = [(item_id, kind) for item_id in sorted(db.scalars(select(ItemRow.id))) for kind in KINDS]
    counted = _bounded(_acts(db), contribution)
    scale, noisy = with_noise([counted[place] for place in places], epsilon, contribution)
    counts = tuple(NoisyCount(*place, count) for place, count in zip(places, noisy, strict=True))
    return Aggregates(epsilon, contribution, scale, counts)


def with_noise(counts: Sequence[int], epsilon: float, contribution: int) -> tuple[float, list[int]]:
    """The scale of the noise and the noisy counts, where one visitor can change them by `contribution` in all."""
    import opendp.prelude as dp  # it loads a library of its own

    dp.enable_features("contrib")  # the proofs of all that is used here are vetted or on their way to be
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    scale: float = dp.binary_search_param(
        lambda scale: dp.m.make_laplace(*space, scale=scale), d_in=contribution, d_out=epsilon
    )
    measurement = dp.m.make_laplace(*space, scale=scale)
    return scale, list(measurement(list(counts))) if counts else []


def _acts(db: Session) -> dict[str, set[tuple[str, str]]]:
    """Visitor → what they did with which item, as it stands."""
    who = func.coalesce(SessionRow.visitor, SessionRow.id)
    rows = db.execute(
        select(who, FeedbackRow.item_id, FeedbackRow.kind)
        .join(SessionRow, SessionRow.id == FeedbackRow.session_id)
        .join(ItemRow, ItemRow.id == FeedbackRow.item_id)
        .where(FeedbackRow.undone.is_(False), FeedbackRow.kind.in_(KINDS))
        .distinct()
    )
    acts: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for visitor, item_id, kind in rows:
        acts[visitor].add((item_id, kind))
    return acts


def _bounded(acts: dict[str, set[tuple[str, str]]], contribution: int) -> Counter[tuple[str, str]]:
    """The true counts of what remains of each visitor."""
    chance = SystemRandom()
    kept = (chance.sample(sorted(mine), min(contribution, len(mine))) for mine in acts.values())
    return Counter(place for mine in kept for place in mine)
