"""Sequences of turns: which threads there are, how heavy, and what their words weigh."""

from __future__ import annotations

import numpy as np
import pytest
from talk import BOOKS, CLOTHES, FILMS, P, Talk, kind, likes, price, wish, word

from bot.interest.edit import edit
from bot.interest.threads import served
from bot.understanding.turn import Intent

SAME = np.asarray([0.8, 0.6, 0], dtype=np.float32)
"""Near both clothes and films."""


def test_a_shift_quiets_what_was_live_in_that_very_turn() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("film", word("科幻")))
    assert talk.weights == {"film": 1.0, "clothing": 0.24}
    assert served(talk.interest.threads, P) == {0}


def test_what_is_quiet_fades_slowly_and_can_still_be_returned_to_after_two_shifts() -> None:
    talk = Talk()
    for domain in ("clothing", "film", "book"):
        talk.say(wish(domain, word(domain)))
    assert talk.weights == {"book": 1.0, "film": 0.24, "clothing": 0.192}
    for _ in range(8):
        talk.say(wish("book", word("历史")))
    assert talk.weights["clothing"] > 0.01
    talk.say(wish("clothing", word("衣服", field="domain")), intent=Intent.RETURN)
    assert talk.live.domain == "clothing"


def test_two_wishes_in_one_message_are_two_live_threads_at_once() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")), wish("film", word("科幻")))
    assert talk.weights == {"clothing": 1.0, "film": 1.0}


def test_two_wishes_of_one_domain_are_two_threads_and_later_words_find_their_own() -> None:
    talk = Talk()
    sport = np.asarray([0.6, 0.8, 0], dtype=np.float32)
    talk.say(wish("clothing", kind("T恤")), wish("clothing", kind("跑鞋")), vectors=(CLOTHES, sport))
    assert [thread.label for thread in talk.interest.threads] == ["T恤", "跑鞋"]
    talk.say(wish("clothing", kind("跑鞋"), word("防水")), vectors=(sport,))
    assert {said.text for said in talk.live.words} == {"跑鞋", "防水"}
    assert len(talk.interest.threads) == 2


def test_both_of_two_interests_stay_when_more_is_wanted_or_one_is_spoken_of() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")), wish("film", word("科幻")))
    for _ in range(5):
        talk.say(intent=Intent.MORE)
    assert talk.weights == {"clothing": 1.0, "film": 1.0}
    talk.say(wish("film", word("轻松")))
    assert talk.weights == {"film": 1.0, "clothing": 0.8}


def test_an_addition_in_another_domain_moves_there() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("film", word("科幻")), additive=True)
    assert talk.weights == {"film": 1.0, "clothing": pytest.approx(0.24)}


def test_an_addition_leaves_the_words_as_they_were() -> None:
    talk = Talk()
    talk.say(wish("film", word("科幻")))
    talk.say(wish("film", word("轻松")), additive=True)
    assert talk.words == {"轻松": 0.8, "科幻": 0.8}


def test_another_kind_in_the_same_domain_narrows() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤"), word("透气")))
    talk.say(wish("clothing", kind("外套")), vectors=(FILMS,))
    assert len(talk.interest.threads) == 1
    assert talk.words == {"外套": 0.8, "透气": 0.36, "T恤": 0.13}
    assert talk.live.vector @ FILMS > 0.95


def test_a_kind_stays_what_it_is_about_however_long_it_is_refined() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    for text in ("透气", "白色", "宽松", "短袖"):
        talk.say(wish("", word(text, domains=("clothing",))), vectors=(SAME,))
    assert talk.words["T恤"] == 0.8
    assert talk.words["透气"] < 0.3
    assert len(talk.interest.threads) == 1


def test_a_domain_named_anew_opens_it_again() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤"), word("透气")))
    talk.say(wish("clothing", word("好看"), word("衣服", field="domain")))
    assert talk.words["好看"] == 0.8
    assert talk.words["T恤"] < 0.2
    assert talk.words["透气"] < 0.4


def test_a_wish_repeated_grows_heavier_but_never_beyond_one() -> None:
    talk = Talk()
    seen = []
    for _ in range(8):
        talk.say(wish("clothing", word("透气")))
        seen.append(talk.words["透气"])
    assert seen[0] == 0.8
    assert seen[1] > seen[0]
    assert max(seen) <= 1.0


def test_the_same_word_in_the_other_language_is_said_again() -> None:
    talk = Talk()
    talk.say(wish("clothing", word("透气")))
    breathable = word("透气")
    talk.say(wish("clothing", breathable.__class__("breathable", "breathabl", 0, 10, 0.5, breathable.facets)))
    assert talk.words == {"breathable": 0.96}


def test_a_loved_word_weighs_more_than_a_liked_one() -> None:
    talk = Talk()
    talk.say(wish("clothing", word("透气", 0.5), word("防水", 0.9), word("厚", 0.0)))
    assert talk.words == {"防水": 1.0, "透气": 0.8, "厚": 0.55}
    assert talk.live.label == "防水、透气、厚"


# -- wishes without a domain


@pytest.mark.parametrize(
    ("said", "vector", "joins"),
    [
        (word("轻便", domains=("clothing",)), FILMS, True),
        (word("悬疑", domains=("film",)), FILMS, False),
        (word("悬疑", domains=("film",)), SAME, True),
        (word("不知道", field=""), FILMS, True),
        (word("不知道", field=""), -CLOTHES, False),
    ],
    ids=["the domain has it", "it is of elsewhere and far", "it is near in meaning", "unknown", "unknown, opposite"],
)
def test_a_wish_without_a_domain_joins_what_is_spoken_of_where_it_can_mean_that(
    said: object, vector: object, joins: bool
) -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("", said), vectors=(vector,))
    assert (len(talk.interest.threads) == 1) is joins


def test_of_two_live_threads_the_one_that_knows_the_word_takes_it() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")), wish("film", word("科幻")))
    talk.say(wish("", word("悬疑", domains=("film",))), vectors=(CLOTHES,))
    assert talk.live.domain == "film"
    assert "悬疑" in talk.words


def test_a_word_of_a_quiet_thread_wakes_it() -> None:
    talk = Talk()
    talk.say(wish("film", word("科幻", domains=("film",))))
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("", word("科幻", domains=("film",))), vectors=(FILMS,))
    assert talk.weights == {"film": 1.0, "clothing": 0.24}


def test_a_thread_without_a_domain_takes_the_domain_that_is_said_next() -> None:
    talk = Talk()
    talk.say(wish("", word("送礼", field="")), vectors=(SAME,))
    talk.say(wish("clothing", kind("围巾")))
    assert [thread.domain for thread in talk.interest.threads] == ["clothing"]


# -- coming back


def shifted() -> Talk:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤"), word("透气")), constraints=(price("<=", 300),))
    talk.say(wish("", word("宽松", domains=("clothing",))), vectors=(CLOTHES,))
    talk.say(wish("film", word("科幻")))
    return talk


@pytest.mark.parametrize(
    "back",
    [(), (wish("clothing", word("衣服", field="domain")),), (wish("", word("话题", field="")),)],
    ids=["without a wish", "by its domain", "by a word that means nothing"],
)
def test_a_return_wakes_the_earlier_thread_with_its_words_and_its_limits(back: tuple[object, ...]) -> None:
    talk = shifted()
    vector = talk.interest.threads[1].vector
    talk.say(*back, intent=Intent.RETURN)
    assert talk.weights == {"clothing": 1.0, "film": 0.24}
    assert {"T恤": 1.0, "宽松": 1.0, "透气": 0.65}.items() <= talk.words.items()
    assert np.array_equal(talk.live.vector, vector)
    assert talk.limits == {"clothing: <=300"}


def test_a_return_by_a_word_finds_the_thread_that_has_it() -> None:
    talk = Talk()
    talk.say(wish("film", word("科幻")))
    talk.say(wish("book", word("历史")))
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("", word("科幻", domains=("film", "book"))), vectors=(BOOKS,), intent=Intent.RETURN)
    assert talk.live.domain == "film"


def test_a_return_with_another_kind_says_what_it_is_about_now() -> None:
    talk = shifted()
    talk.say(wish("clothing", kind("外套")), intent=Intent.RETURN)
    assert talk.words["外套"] == 0.8
    assert talk.words["T恤"] < 0.2


def test_a_return_to_a_kind_within_its_thread_leaves_the_other_kind() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("牛仔裤")))
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("clothing", kind("牛仔裤")), intent=Intent.RETURN)
    assert talk.words["牛仔裤"] > 0.8
    assert talk.words["T恤"] < 0.2


def test_a_return_to_one_of_two_leaves_the_other() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")), wish("film", word("科幻")))
    talk.say(wish("clothing", word("衣服", field="domain")), intent=Intent.RETURN)
    assert talk.weights == {"clothing": 1.0, "film": 0.24}


def test_a_return_twice_goes_back_and_forth() -> None:
    talk = shifted()
    talk.say(intent=Intent.RETURN)
    talk.say(intent=Intent.RETURN)
    assert talk.live.domain == "film"


def test_a_return_to_where_one_never_was_is_a_wish() -> None:
    talk = shifted()
    talk.say(wish("book", word("历史")), intent=Intent.RETURN)
    assert talk.live.domain == "book"
    assert Talk().say(intent=Intent.RETURN).threads == ()


# -- refusals


def test_a_refused_word_leaves_its_thread_and_a_refused_domain_takes_the_thread_along() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤"), kind("牛仔裤")), wish("film", word("科幻")))
    talk.say(refusals=(kind("牛仔裤", -1.0),), intent=Intent.REJECT)
    assert talk.words == {"T恤": 0.8}
    talk.say(refusals=(word("film", -1.0, "domain"),), intent=Intent.REJECT)
    assert talk.weights == {"clothing": 1.0}


def test_what_is_refused_and_wished_for_in_one_message() -> None:
    talk = Talk()
    talk.say(wish("film", word("悬疑")), refusals=(word("恐怖", -1.0),))
    assert talk.words == {"悬疑": 0.8}
    assert [refusal.text for refusal in talk.interest.refusals] == ["恐怖"]


def test_what_is_wanted_less_is_no_longer_asked_for_and_not_refused() -> None:
    talk = Talk()
    talk.say(wish("film", word("恐怖"), word("悬疑"), word("经典")))
    talk.interest = edit(talk.interest, pin=("经典",))
    talk.say(less=(word("恐怖", -0.3), word("经典", -0.3)))
    assert set(talk.words) == {"悬疑", "经典"}
    assert talk.interest.refusals == ()


# -- something like it


def test_something_like_an_item_pulls_the_thread_it_was_shown_for() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(
        references=(likes("b1", role="similar"),),
        named={"b1": SAME},
        titles={"b1": ("clothing", "蓝色T恤")},
    )
    assert len(talk.interest.threads) == 1
    assert talk.live.vector @ SAME > 0.95
    assert {said.text for said in talk.live.words if said.is_item} == {"蓝色T恤"}
    assert talk.words["T恤"] == 0.8


def test_something_like_an_item_of_another_domain_goes_there_unless_a_domain_is_wished_for() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    book = {"named": {"b": BOOKS}, "titles": {"b": ("book", "三体")}}
    talk.say(references=(likes("b", kind="title", role="similar"),), **book)
    assert talk.weights == {"book": 1.0, "clothing": 0.24}
    wished = wish("film", word("电影", field="domain"))
    talk.say(wished, references=(likes("b", kind="title", role="similar"),), **book)
    assert talk.live.domain == "film"
    assert talk.live.vector @ BOOKS > talk.live.vector @ FILMS > 0
    assert "三体" in talk.words


def test_something_like_what_is_gone_moves_nothing() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    before = talk.interest.threads
    talk.say(references=(likes("gone", role="similar"),))
    assert [thread.label for thread in talk.interest.threads] == [thread.label for thread in before]


def test_without_titles_the_vector_alone_finds_the_thread() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(references=(likes("b1", role="similar"),), named={"b1": SAME})
    assert talk.weights == {"clothing": 1.0}
    assert "that one" in talk.words


# -- bounds, and what moves nothing


def test_at_most_so_many_threads_and_the_pinned_one_stays() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.interest = edit(talk.interest, pin=("T恤",))
    for n in range(12):
        talk.say(wish(f"domain {n}", word(f"word {n}")))
    assert len(talk.interest.threads) == P.most_threads
    assert talk.weights["clothing"] == 1.0


@pytest.mark.parametrize("intent", [Intent.ABOUT, Intent.COMPARE, Intent.CARE, Intent.OUT_OF_SCOPE])
def test_questions_and_asides_wish_for_nothing_but_refuse(intent: Intent) -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")))
    talk.say(wish("film", word("材质")), constraints=(price("<=", 5),), refusals=(kind("牛仔裤", -1.0),), intent=intent)
    assert talk.weights == {"clothing": 1.0}
    assert talk.interest.limits == ()
    assert len(talk.interest.refusals) == 1


def test_start_over_keeps_what_is_pinned_and_what_was_turned_down() -> None:
    talk = shifted()
    talk.interest = edit(talk.interest, pin=("透气",))
    talk.say(references=(likes("x", -0.9), likes("y", 0.9)))
    talk.say(intent=Intent.START_OVER)
    (thread,) = talk.interest.threads
    assert [said.text for said in thread.words] == ["透气"]
    assert [evidence.item_id for evidence in talk.interest.evidence] == ["x"]
    assert talk.interest.limits == ()
    assert len(talk.interest.history) == 1


def test_each_turn_leaves_a_moment_and_only_so_many() -> None:
    talk = shifted()
    assert [moment.turn_id for moment in talk.interest.history] == ["t1", "t2", "t3"]
    assert dict(talk.interest.history[-1].weights)["科幻"] == 1.0
    for _ in range(60):
        talk.say(intent=Intent.MORE)
    assert len(talk.interest.history) == P.most_moments
    assert talk.interest.history[-1].turn_id == "t63"


def test_a_vector_of_nothing_breaks_nothing() -> None:
    nothing = np.zeros(3, dtype=np.float32)
    talk = Talk()
    talk.say(wish("clothing", kind("T恤")), vectors=(nothing,))
    talk.say(wish("clothing", word("透气")), vectors=(nothing,))
    talk.say(wish("", word("轻便")), vectors=(nothing,))
    assert not talk.interest.vector(3).any()
