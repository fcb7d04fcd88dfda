"""What acts and words say of items, and how they pull."""

from __future__ import annotations

import numpy as np
import pytest
from talk import CLOTHES, FILMS, P, Talk, kind, likes, wish

from bot.interest.feedback import feel, pulled, said_of, strength
from bot.interest.parameters import InterestParameters
from bot.interest.state import Interest
from bot.understanding.turn import Reference

ORDER: list[tuple[str, float | None]] = [
    ("purchase", None),
    ("rating", 5),
    ("like", None),
    ("click", None),
    ("browse", 600),
    ("said", 1.0),
    ("rating", 3),
    ("dislike", None),
    ("hide", None),
]


def acts(interest: Interest) -> list[tuple[str, float]]:
    return [(e.kind, round(e.strength, 3)) for e in interest.evidence]


def test_acts_are_ordered_as_people_mean_them() -> None:
    strengths = [strength(kind_of_act, value) for kind_of_act, value in ORDER]
    assert strengths == sorted(strengths, reverse=True)
    assert len(set(strengths)) == len(strengths)
    assert all(-1 <= value <= 1 for value in strengths)


@pytest.mark.parametrize(
    ("kind_of_act", "value", "expected"),
    [
        ("purchase", None, 1.0),
        ("rating", 5, 0.9),
        ("rating", 4, 0.45),
        ("rating", None, 0.0),
        ("rating", 1, -0.9),
        ("browse", 30, 0.125),
        ("browse", None, 0.0),
        ("browse", 86_400, 0.25),
        ("said", -1.0, -0.2),
        ("hide", None, -1.0),
    ],
)
def test_what_an_act_is_worth(kind_of_act: str, value: float | None, expected: float) -> None:
    assert strength(kind_of_act, value) == pytest.approx(expected)


def test_the_last_verdict_holds_and_acts_stay_beside_it() -> None:
    interest = Interest()
    for kind_of_act, value in (("click", None), ("like", None), ("rating", 4.0), ("purchase", None), ("dislike", None)):
        interest = feel(interest, "a", kind_of_act, value, "t")
    assert acts(interest) == [("click", 0.3), ("purchase", 1.0), ("dislike", -0.8)]


def test_undo_takes_the_last_verdict_back_and_then_the_acts() -> None:
    interest = Interest()
    for kind_of_act in ("click", "like", "purchase"):
        interest = feel(interest, "a", kind_of_act, None, "t")
    for left in (["click", "purchase"], ["click"], [], []):
        interest = feel(interest, "a", "undo", None, "t")
        assert [kind_of_act for kind_of_act, _ in acts(interest)] == left


def test_words_of_an_item_are_evidence() -> None:
    interest = said_of(Interest(), (likes("a", 0.9), likes("b", -1.0), likes("c", 0.0)), "t2")
    assert [(e.item_id, e.kind, e.turn_id) for e in interest.evidence] == [("a", "said", "t2"), ("b", "said", "t2")]
    assert acts(interest) == [("said", 0.18), ("said", -0.2)]


def test_words_that_agree_leave_a_verdict_and_words_that_do_not_replace_it() -> None:
    liked = feel(Interest(), "a", "like", None, "t1")
    assert said_of(liked, (likes("a", 0.5),), "t2") == liked
    turned = said_of(liked, (likes("a", -0.5),), "t2")
    assert acts(turned) == [("said", -0.1)]
    assert feel(turned, "a", "undo", None, "t3") == turned
    assert acts(feel(turned, "a", "like", None, "t3")) == [("like", 0.7)]


@pytest.mark.parametrize(("kind_of_reference", "judged"), [("shown", 7), ("title", 1), ("creator", 5)])
def test_whom_the_words_are_of(kind_of_reference: str, judged: int) -> None:
    ids = tuple("abcdefg")
    reference = Reference("those", 0, 5, ids, kind_of_reference, sentiment=0.5)
    interest = said_of(Interest(), (reference,), "t")
    assert [e.item_id for e in interest.evidence] == list(ids[:judged])


def test_a_turn_that_says_something_of_an_item_leaves_evidence_and_its_thread_as_it_was() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(references=(likes("a", 0.5),))
    assert [e.turn_id for e in talk.interest.evidence] == ["t2"]
    assert talk.words == {"T恤": 0.8}


def test_liked_items_pull_and_disliked_ones_push() -> None:
    thread = Talk().say(wish("clothing", kind("T恤"))).threads[0]
    none = np.empty((0, 3), dtype=np.float32)
    assert pulled(thread, FILMS[None], none, P) @ FILMS == pytest.approx(0.5 / np.hypot(1, 0.5))
    assert pulled(thread, none, FILMS[None], P) @ FILMS == pytest.approx(-0.25 / np.hypot(1, 0.25))
    assert np.array_equal(pulled(thread, none, none, P), CLOTHES)
    assert np.linalg.norm(pulled(thread, FILMS[None], -FILMS[None], P)) == pytest.approx(1)


def test_evidence_is_bounded_and_what_was_turned_down_stays() -> None:
    parameters = InterestParameters(most_evidence=5)
    interest = feel(Interest(), "bad", "hide", None, "t", parameters)
    for n in range(20):
        interest = feel(interest, str(n), "click", None, "t", parameters)
    assert [e.item_id for e in interest.evidence] == ["bad", "16", "17", "18", "19"]
