"""The visitor's own hand on the interest."""

from __future__ import annotations

import numpy as np
import pytest
from talk import BOOKS, P, Talk, colour, kind, price, wish, word

from bot.interest.edit import edit, reworded, with_vectors
from bot.interest.state import Interest, view
from bot.understanding.turn import Intent
from errors import InputError


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.say(
        wish("clothing", kind("牛仔裤"), word("黑色", field="attributes.color")),
        constraints=(price("<=", 300), colour("黑色", "白色")),
        refusals=(word("破洞", -1.0),),
    )
    talk.say(wish("film", word("科幻")))
    return talk


def thread(interest: Interest, domain: str) -> dict[str, float]:
    return {w.text: round(w.weight, 3) for t in interest.threads if t.domain == domain for w in t.words}


def test_removing_a_word_leaves_the_rest_and_removing_the_last_takes_the_thread_with_its_limits(talk: Talk) -> None:
    after = edit(talk.interest, remove=("牛仔裤",))
    assert thread(after, "clothing") == {"黑色": 0.8}
    assert len(after.limits) == 2
    after = edit(after, remove=("黑色",))
    assert [t.domain for t in after.threads] == ["film"]
    assert after.limits == ()
    assert edit(after, remove=("科幻",)).threads == ()


def test_removing_a_thread_by_its_label(talk: Talk) -> None:
    after = edit(talk.interest, remove=("牛仔裤、黑色",))
    assert [t.domain for t in after.threads] == ["film"]


def test_a_label_that_names_several_things_means_all_of_them(talk: Talk) -> None:
    after = edit(talk.interest, remove=("黑色",))
    assert thread(after, "clothing") == {"牛仔裤": 0.8}
    assert [limit.constraint.values for limit in after.limits] == [(), ("白色",)]
    pinned = edit(talk.interest, pin=("科幻",))
    (film,) = [t for t in pinned.threads if t.domain == "film"]
    assert film.pinned
    assert film.words[0].pinned


def test_removing_refusals_and_limits(talk: Talk) -> None:
    after = edit(talk.interest, remove=("破洞", "<=300"))
    assert after.refusals == ()
    assert [limit.constraint.text for limit in after.limits] == ["黑色/白色"]
    assert edit(after, remove=("黑色/白色",)).limits == ()


def test_weakening_halves_and_at_last_forgets(talk: Talk) -> None:
    after = edit(talk.interest, weaken=("科幻", "牛仔裤"))
    assert {t.domain: t.weight for t in after.threads} == pytest.approx({"film": 0.5, "clothing": 0.24})
    assert thread(after, "film") == {"科幻": 0.4}
    assert thread(after, "clothing")["牛仔裤"] == 0.4
    for _ in range(2):
        after = edit(after, weaken=("牛仔裤",))
    assert "牛仔裤" not in thread(after, "clothing")


def test_a_pinned_thread_keeps_a_place_on_the_slate_and_does_not_fade(talk: Talk) -> None:
    talk.interest = edit(talk.interest, pin=("牛仔裤、黑色",))
    assert talk.weights == {"film": 1.0, "clothing": P.pinned_thread}
    for _ in range(5):
        talk.say(wish("book", word("历史")))
    assert talk.weights["clothing"] == P.pinned_thread
    talk.interest = edit(talk.interest, unpin=("牛仔裤、黑色",))
    talk.say(wish("book", word("历史")))
    assert talk.weights["clothing"] < P.pinned_thread


def test_a_pinned_word_does_not_fade_even_when_another_kind_is_named(talk: Talk) -> None:
    talk.say(intent=Intent.RETURN)
    talk.interest = edit(talk.interest, pin=("牛仔裤",), weaken=("黑色",))
    for text in ("T恤", "外套"):
        talk.say(wish("clothing", kind(text)))
    assert talk.words["牛仔裤"] == 1.0
    talk.say(refusals=(kind("牛仔裤", -1.0),), intent=Intent.REJECT)
    assert "牛仔裤" not in talk.words


def test_labels_are_those_of_the_interest_as_it_is_given(talk: Talk) -> None:
    after = edit(talk.interest, remove=("牛仔裤",), pin=("牛仔裤、黑色",), weaken=("黑色",))
    (clothing,) = [t for t in after.threads if t.domain == "clothing"]
    assert clothing.pinned
    assert thread(after, "clothing") == {"黑色": 0.4}


def test_labels_are_compared_as_people_write_them(talk: Talk) -> None:
    talk.say(wish("clothing", kind("T恤")))
    assert "T恤" not in thread(edit(talk.interest, remove=("ｔ恤",)), "clothing")


@pytest.mark.parametrize("change", ["remove", "pin", "weaken", "unpin"])
def test_a_label_that_names_nothing_is_refused_by_name(talk: Talk, change: str) -> None:
    with pytest.raises(InputError, match="nothing in the interest is called “jeans”") as refused:
        edit(talk.interest, **{change: ("jeans",)})
    assert refused.value.fields["field"] == change
    assert "没有“jeans”" in refused.value.say("zh")


def test_what_holds_or_does_not_cannot_be_weakened(talk: Talk) -> None:
    for label in ("破洞", "<=300"):
        with pytest.raises(InputError, match="cannot be weakened"):
            edit(talk.interest, weaken=(label,))


def test_nothing_asked_is_nothing_changed(talk: Talk) -> None:
    assert view(edit(talk.interest)) == view(talk.interest)


def test_a_thread_that_lost_a_word_can_be_given_another_vector(talk: Talk) -> None:
    after = edit(talk.interest, remove=("牛仔裤",))
    assert reworded(talk.interest, after) == {1: "黑色"}
    assert reworded(talk.interest, edit(talk.interest, remove=("科幻",))) == {}
    assert reworded(talk.interest, edit(talk.interest, weaken=("科幻",), pin=("黑色",))) == {}
    given = with_vectors(after, {1: BOOKS})
    assert np.array_equal(given.threads[1].vector, BOOKS)
    assert given.threads[0] is not None
    assert np.array_equal(given.threads[0].vector, after.threads[0].vector)
