"""What others went for: item to item, with a floor, shrinkage, and a bound on what one visitor can move."""

import numpy as np

from bot.learning.approval import MOST_OF_ONE, approvals, approved
from retrieval.people import People
from storage.judging import Act


def test_what_several_went_for_together_counts_and_what_one_did_does_not() -> None:
    several = People([[0, 1]] * 4 + [[2, 3]] * 4, 5)
    assert several.fit({0: 1.0})[1] > 0
    assert np.count_nonzero(several.fit({0: 1.0})) == 1
    one = People([[0, 1]] * 2 + [[2, 3]] * 4, 5)
    assert not one.fit({0: 1.0}).any()


def test_a_flood_of_one_visitor_moves_nothing_for_others() -> None:
    others = [[0, 1]] * 4 + [[2, 3]] * 4
    calm, flooded = People(others, 200), People([*others, list(range(200))], 200)
    assert set(np.flatnonzero(flooded.fit({0: 1.0}))) == set(np.flatnonzero(calm.fit({0: 1.0})))
    assert not People([list(range(9))], 9).fit({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}).any()


def test_more_company_says_more() -> None:
    few = People([[0, 1]] * 3 + [[1, 4]] * 27 + [[2, 3]] * 60, 5).fit({0: 1.0})[1]
    many = People([[0, 1]] * 9 + [[1, 4]] * 21 + [[2, 3]] * 60, 5).fit({0: 1.0})[1]
    assert 0 < few < many <= 1


def test_nothing_liked_or_unknown_says_nothing() -> None:
    people = People([[0, 1]] * 4, 3)
    assert not people.fit({}).any()
    assert not people.fit({2: 1.0}).any()
    assert not People([], 3).fit({0: 1.0}).any()


def test_the_same_act_again_adds_nothing_and_one_visitor_is_bounded() -> None:
    once = [Act("v", "a", "like", None)]
    assert approvals(once * 1000) == approvals(once) == {"a": 1.0}
    flood = [Act("v", f"item-{n}", "purchase", None) for n in range(500)]
    assert sum(approvals(flood).values()) <= MOST_OF_ONE + 1e-6


def test_what_was_turned_down_as_well_is_no_approval() -> None:
    said = [Act("v", "a", "like", None), Act("v", "a", "hide", None), Act("v", "b", "purchase", None)]
    assert approved([*said, Act("w", "c", "click", None)]) == [["b"], []]
    assert approvals(said)["a"] == 0
