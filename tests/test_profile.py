"""What earlier visits leave to a new one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from talk import BOOKS, CLOTHES, FILMS, P, Talk, kind, likes, price, wish, word

from bot.interest.edit import edit
from bot.interest.feedback import feel
from bot.interest.profile import Profile, profile_of, with_profile
from bot.interest.state import Interest, from_state, to_state
from bot.interest.threads import served
from bot.understanding.turn import Intent


def visit(*turns: tuple[str, str], talk: Talk | None = None) -> dict[str, Any]:
    """The state that a visit leaves in which each turn wished for a (domain, word)."""
    talk = talk or Talk()
    for domain, text in turns:
        talk.say(wish(domain, word(text)))
    state: dict[str, Any] = json.loads(json.dumps(to_state(talk.interest)))
    return state


def labels(profile: Profile) -> dict[str, float]:
    return {thread.label: round(thread.weight, 3) for thread in profile.threads}


def test_what_one_came_for_last_weighs_most() -> None:
    profile = profile_of([visit(("film", "科幻")), visit(("book", "历史"))], 3)
    assert labels(profile) == {"科幻": 0.3, "历史": 0.225}
    assert {thread.source for thread in profile.threads} == {"profile"}
    assert {said.turn_id for thread in profile.threads for said in thread.words} == {""}


def test_what_one_comes_for_again_and_again_weighs_more_than_what_was_said_last() -> None:
    states = [visit(("film", "科幻")), visit(("book", "历史")), visit(("book", "历史")), visit(("book", "传记"))]
    assert next(iter(labels(profile_of(states, 3)))) == "历史、传记"


def test_what_was_quieted_within_a_visit_counts_less_than_what_was_live() -> None:
    assert labels(profile_of([visit(("film", "科幻"), ("book", "历史"))], 3)) == {"历史": 0.3, "科幻": 0.186}


def test_at_most_four_and_old_visits_fade() -> None:
    states = [visit((f"domain {n}", f"word {n}")) for n in range(20)]
    profile = profile_of(states, 3)
    assert list(labels(profile)) == ["word 0", "word 1", "word 2", "word 3"]
    assert all(0 < thread.weight <= P.profile_weight for thread in profile.threads)


def test_threads_of_one_domain_are_one_if_near_and_two_if_not() -> None:
    far = Talk()
    far.say(wish("film", word("爱情")), vectors=(BOOKS,))
    near = profile_of([visit(("film", "科幻")), visit(("film", "太空"))], 3)
    assert labels(near) == {"科幻、太空": 0.3}
    assert len(profile_of([visit(("film", "科幻")), visit(talk=far)], 3).threads) == 2


def test_nothing_leaves_nothing() -> None:
    assert profile_of([], 3) == profile_of([{}, {"threads": []}], 3) == Profile()
    assert profile_of([visit(("film", "科幻"))], 8).threads == ()
    assert with_profile(Interest(), Profile()) == Interest()


def test_a_profile_is_served_until_something_is_said_and_fades_behind_it() -> None:
    talk = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻")), visit(("book", "历史"))], 3)))
    assert len(served(talk.interest.threads, P)) == 2
    assert talk.interest.vector(3) @ FILMS > 0.7
    talk.say(intent=Intent.MORE)
    assert talk.weights == {"film": 0.3, "book": 0.225}
    faded = []
    for _ in range(12):
        talk.say(wish("clothing", kind("T恤")))
        assert served(talk.interest.threads, P) == {0}
        faded.append(max((t.weight for t in talk.interest.threads if t.source == "profile"), default=0.0))
    assert faded[0] == pytest.approx(0.21)
    assert faded == sorted(faded, reverse=True)
    assert faded[-1] == 0
    assert talk.interest.vector(3) @ CLOTHES == pytest.approx(1)


def test_a_wish_in_the_same_domain_is_a_thread_of_its_own() -> None:
    talk = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻"))], 3)))
    talk.say(wish("film", word("爱情")))
    assert [(t.label, t.source) for t in talk.interest.threads] == [("爱情", "said"), ("科幻", "profile")]


def test_a_profile_thread_is_taken_up_by_a_way_back_or_by_a_pin() -> None:
    interest = with_profile(Interest(), profile_of([visit(("film", "科幻"))], 3))
    talk = Talk(interest)
    talk.say(wish("film", word("电影", field="domain")), intent=Intent.RETURN)
    assert [(t.source, t.weight) for t in talk.interest.threads] == [("said", 1.0)]
    assert {"科幻", "电影"} == set(talk.words)
    (pinned,) = edit(interest, pin=("科幻",)).threads
    assert (pinned.source, pinned.weight) == ("said", P.pinned_thread)


def test_what_is_said_while_the_profile_is_served_binds_its_domain() -> None:
    talk = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻"))], 3)))
    talk.say(constraints=(price("<=", 50),))
    assert talk.limits == {"film: <=50"}


def test_the_profile_of_a_visit_with_a_profile_counts_its_own_words_only() -> None:
    coloured = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻"))], 3)))
    assert labels(profile_of([visit(("book", "历史"), talk=coloured)], 3)) == {"历史": 0.3}


def test_starting_over_drops_the_profile() -> None:
    talk = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻"))], 3)))
    assert talk.say(intent=Intent.START_OVER).threads == ()


# -- what was done with items


def judged(*acts: tuple[str, str]) -> dict[str, Any]:
    interest = Interest()
    for item_id, kind_of_act in acts:
        interest = feel(interest, item_id, kind_of_act, None, "t1")
    return to_state(interest)


def test_what_was_turned_down_stays_away_and_approval_fades() -> None:
    profile = profile_of([judged(("a", "like"), ("b", "hide")), judged(("c", "like"), ("d", "dislike"))], 3)
    strengths = {evidence.item_id: evidence.strength for evidence in profile.evidence}
    assert strengths == pytest.approx({"a": 0.35, "b": -1.0, "c": 0.2625, "d": -0.8})
    assert all(evidence.past and not evidence.turn_id for evidence in profile.evidence)


def test_the_latest_visits_word_on_an_item_holds() -> None:
    profile = profile_of([judged(("a", "like")), judged(("a", "hide"))], 3)
    assert [(evidence.item_id, evidence.kind) for evidence in profile.evidence] == [("a", "like")]


def test_this_sessions_word_on_an_item_comes_before_the_profiles() -> None:
    profile = profile_of([judged(("a", "hide"))], 3)
    interest = feel(Interest(), "a", "like", None, "t1")
    assert [evidence.kind for evidence in with_profile(interest, profile).evidence] == ["like"]
    liked = feel(with_profile(Interest(), profile), "a", "like", None, "t1")
    assert [evidence.kind for evidence in liked.evidence] == ["like"]


def test_an_undo_reaches_no_earlier_visit() -> None:
    interest = with_profile(Interest(), profile_of([judged(("a", "hide"))], 3))
    assert feel(interest, "a", "undo", None, "t1") == interest


def test_past_evidence_is_not_carried_twice() -> None:
    interest = with_profile(Interest(), profile_of([judged(("a", "like"))], 3))
    assert profile_of([to_state(interest)], 3).evidence == ()
    assert len(with_profile(interest, profile_of([judged(("a", "like"))], 3)).evidence) == 1


# -- refusals


def test_refusals_of_earlier_visits_do_not_bind_except_the_pinned_ones() -> None:
    talk = Talk()
    talk.say(refusals=(word("恐怖", -1.0), word("花生", -1.0)), intent=Intent.REJECT)
    talk.interest = edit(talk.interest, pin=("花生",))
    profile = profile_of([to_state(talk.interest)], 3)
    interest = with_profile(Interest(), profile)
    assert [(refusal.text, refusal.pinned) for refusal in interest.refusals] == [("花生", True)]
    assert with_profile(interest, profile).refusals == interest.refusals


def test_an_interest_with_a_profile_survives_json() -> None:
    talk = Talk(with_profile(Interest(), profile_of([visit(("film", "科幻")), judged(("a", "hide"))], 3)))
    talk.say(wish("book", word("历史")), references=(likes("b"),))
    again = from_state(json.loads(json.dumps(to_state(talk.interest))), 3)
    assert to_state(again) == to_state(talk.interest)
    assert [np.array_equal(a.vector, b.vector) for a, b in zip(again.threads, talk.interest.threads, strict=True)]
