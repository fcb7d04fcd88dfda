"""Learning from what visitors made of what was shown: simulated, random, biased by position."""

from pathlib import Path

import numpy as np

from bot.learning.command import scaled
from bot.learning.examples import PARTS, examples, halves
from bot.learning.fitting import Fitted, fitted
from bot.learning.versions import Versions
from retrieval.score import ScoreWeights
from storage.judging import Act, JudgedSlate
from storage.records import ImpressionRecord


def slates(count: int, *, cares: float, seed: int = 0) -> list[JudgedSlate]:
    """Visitors who look less at each further card and choose by the words alone (`cares`: how much; 0: at random)."""
    random = np.random.default_rng(seed)
    found = []
    for n in range(count):
        parts = random.uniform(0, 1, (6, 2))
        order = np.argsort(-parts.sum(axis=1))
        shown = tuple(
            ImpressionRecord(rank, f"item-{i}", float(parts[i].sum()), {"interest": parts[i, 0], "words": parts[i, 1]})
            for rank, i in enumerate(order, 1)
        )
        liking = np.exp(cares * parts[order, 1]) * 0.7 ** np.arange(6)
        chosen = random.choice(6, p=liking / liking.sum())
        found.append(JudgedSlate(f"visitor-{n}", shown, (Act(f"visitor-{n}", shown[chosen].item_id, "like", None),)))
    return found


def learnt(found: list[JudgedSlate]) -> Fitted:
    return fitted(*halves(examples(found)))


def test_what_visitors_choose_by_gains_weight_and_the_gain_shows_on_what_was_held_out() -> None:
    result = learnt(slates(600, cares=6))
    factors = dict(zip(PARTS, result.factors, strict=True))
    assert factors["words"] > 2 * factors["interest"]
    assert result.better
    assert result.after > result.before


def test_choices_at_random_change_nothing() -> None:
    assert not any(learnt(slates(200, cares=0, seed=seed)).better for seed in range(2))


def test_a_part_that_nothing_is_known_of_keeps_its_weight() -> None:
    factors = dict(zip(PARTS, learnt(slates(150, cares=6)).factors, strict=True))
    assert abs(factors["fresh"] - 1) < 1e-3


def test_one_visitor_is_counted_only_so_often() -> None:
    one = slates(1, cares=0)[0]
    assert len(examples([one] * 1000)) == 20


def test_praise_and_refusal_of_the_same_item_say_nothing() -> None:
    one = slates(1, cares=0)[0]
    act = one.acts[0]
    assert not examples([JudgedSlate(one.who, one.impressions, (act, Act(act.who, act.item_id, "dislike", None)))])


def test_versions_are_kept_and_can_be_rolled_back(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    result = Fitted((2.0,) * len(PARTS), 0.1, 0.2, (0.05, 0.15), 100, 50)
    assert versions.add(scaled(versions.weights(), result), {}) == 1
    assert Versions(tmp_path).weights().words == 2 * ScoreWeights().words
    assert versions.add(scaled(versions.weights(), result), {}) == 2
    assert versions.roll_back() == 1
    assert versions.weights().words == 2 * ScoreWeights().words
    assert versions.roll_back() == 0
    assert versions.roll_back() == 0
    assert versions.weights() == ScoreWeights()


def test_a_damaged_version_is_passed_over(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.add(ScoreWeights(words=9), {})
    next((tmp_path / "ranking").glob("weights-*.json")).write_text("{", encoding="utf-8")
    assert versions.weights() == ScoreWeights()
