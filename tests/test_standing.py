"""What stands until it is taken back: where a limit belongs, and how it ends."""

from __future__ import annotations

import pytest
from talk import CLOTHES, Talk, colour, kind, limit, price, wish, word

from bot.interest.edit import edit
from bot.understanding.turn import Constraint, Intent, Op, Term


def jeans(*more: Term) -> Talk:
    talk = Talk()
    talk.say(wish("clothing", kind("牛仔裤"), *more))
    return talk


# -- where a limit belongs


def test_a_price_binds_what_is_spoken_of_and_not_another_domain_said_later() -> None:
    talk = jeans()
    talk.say(constraints=(price("<=", 300),))
    talk.say(wish("book", word("历史")))
    assert talk.limits == {"clothing: <=300"}
    talk.say(constraints=(price("<=", 50),))
    assert talk.limits == {"clothing: <=300", "book: <=50"}


def test_a_price_said_before_anything_binds_what_comes_and_stays_behind_with_it() -> None:
    talk = Talk()
    talk.say(constraints=(price("<=", 300),))
    talk.say(wish("clothing", kind("牛仔裤")))
    assert talk.limits == {": <=300"}
    talk.say(wish("book", word("历史")))
    assert talk.limits == {"clothing: <=300"}


def test_a_price_for_two_domains_at_once_binds_both_and_no_third() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("牛仔裤")), wish("book", word("历史")))
    talk.say(constraints=(price("<=", 100),))
    assert talk.limits == {": <=100"}
    talk.say(wish("film", word("科幻")), additive=True)
    assert talk.limits == {"clothing: <=100", "book: <=100"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("300以内的牛仔裤和2010年后的科幻片", {"clothing: 300以内", "film: 2010年后"}),
        ("牛仔裤，300以内，再看看科幻片，2010年后", {": 300以内", ": 2010年后"}),
        ("牛仔裤300以内，科幻片2010年后", {"clothing: 300以内", "film: 2010年后"}),
        ("牛仔裤 under 300 and 科幻片 from 2010年后", {"clothing: 300以内", "film: 2010年后"}),
    ],
)
def test_each_of_two_wishes_has_the_limit_of_its_clause(text: str, expected: set[str]) -> None:
    text = text.replace("under 300", "300以内")

    def said(field: str, value: float, words: str) -> Constraint:
        start = text.index(words)
        return Constraint(field, "<=" if field == "price" else ">=", value, words, start, start + len(words))

    talk = Talk()
    talk.say(
        wish("clothing", kind("牛仔裤"), start=text.index("牛仔裤")),
        wish("film", kind("科幻片"), start=text.index("科幻片")),
        text=text,
        constraints=(said("price", 300, "300以内"), said("year", 2010, "2010年后")),
    )
    assert talk.limits == expected


def test_in_english_the_limit_follows_its_noun() -> None:
    text = "jeans under 300 films after 2010"
    talk = Talk()
    talk.say(
        wish("clothing", kind("jeans")),
        wish("film", kind("films"), start=16),
        text=text,
        constraints=(
            Constraint("price", "<=", 300, "under 300", 6, 15),
            Constraint("year", ">=", 2011, "after 2010", 22, 32),
        ),
    )
    assert talk.limits == {"clothing: under 300", "film: after 2010"}


# -- numbers


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ([("<=", 300)], [("<=", 200)], {"<=200"}),
        ([("<=", 200)], [("<=", 300)], {"<=300"}),
        ([("<=", 300)], [(">=", 100)], {"<=300", ">=100"}),
        ([("<=", 300)], [(">=", 400)], {">=400"}),
        ([(">=", 100), ("<=", 200)], [("<=", 50)], {"<=50"}),
        ([(">=", 1990), ("<=", 1999)], [(">=", 1995)], {"<=1999", ">=1995"}),
        ([(">=", 1990), ("<=", 1999)], [(">=", 2000)], {">=2000"}),
        ([("<=", 300)], [("~", 200)], {"<=300", "~200"}),
        ([("<=", 200)], [("~", 300)], {"~300"}),
        ([("~", 200)], [("<=", 300)], {"<=300"}),
        ([("<=", 300)], [("low", 0)], {"<=300", "low0"}),
        ([("low", 0)], [("high", 0)], {"high0"}),
        ([("low", 0)], [("<=", 300)], {"low0", "<=300"}),
        ([("low", 0)], [(">", 199)], {">199"}),
        ([("<=", 300)], [("<", 259)], {"<=300", "<259"}),
        ([("<=", 300), ("<", 259)], [(">", 199)], {"<=300", ">199"}),
        ([("<", 259)], [("<", 199)], {"<199"}),
        ([("<", 259)], [("<=", 300)], {"<=300"}),
        ([("<=", 300)], [(">", 300)], {">300"}),
        ([("~", 200)], [("<", 190)], {"<190"}),
        ([("<", 259)], [("low", 0)], {"<259", "low0"}),
        ([(">", 259)], [("low", 0)], {"low0"}),
    ],
)
def test_what_a_new_limit_leaves_of_the_old_ones(
    first: list[tuple[Op, float]], second: list[tuple[Op, float]], left: set[str]
) -> None:
    talk = jeans()
    talk.say(constraints=tuple(price(op, value) for op, value in first))
    talk.say(constraints=tuple(price(op, value) for op, value in second))
    assert talk.limits == {f"clothing: {text}" for text in left}


def test_limits_on_other_fields_and_other_domains_are_left_alone() -> None:
    talk = jeans()
    talk.say(constraints=(price("<=", 300), limit("attributes.weight", "<=", 2)))
    talk.say(wish("book", word("历史")), constraints=(price("<=", 60),))
    assert talk.limits == {"clothing: <=300", "clothing: <=2", "book: <=60"}


def test_a_new_price_for_one_of_two_leaves_the_old_one_to_the_other() -> None:
    talk = Talk()
    talk.say(wish("clothing", kind("牛仔裤")), wish("book", word("历史")))
    talk.say(constraints=(price("<=", 100),))
    talk.say(wish("clothing", word("透气")), constraints=(price("<=", 200),))
    assert talk.limits == {"book: <=100", "clothing: <=200"}


def test_a_lifted_limit_goes_where_the_talk_is_or_else_where_there_is_one() -> None:
    talk = jeans()
    talk.say(constraints=(price("<=", 300),))
    talk.say(wish("book", word("历史")), constraints=(price("<=", 60),))
    talk.say(lifted=frozenset({"price"}))
    assert talk.limits == {"clothing: <=300"}
    talk.say(lifted=frozenset({"price"}))
    assert talk.limits == set()


def test_lifting_and_saying_anew_in_one_message() -> None:
    talk = jeans()
    talk.say(constraints=(price("<=", 300), price("low")))
    talk.say(constraints=(price("<=", 500),), lifted=frozenset({"price"}))
    assert talk.limits == {"clothing: <=500"}


# -- texts


def black_jeans() -> Talk:
    talk = Talk()
    talk.say(wish("clothing", word("黑色", field="attributes.color"), kind("牛仔裤")), constraints=(colour("黑色"),))
    return talk


def test_a_colour_said_of_jeans_does_not_bind_shirts_and_is_back_with_the_jeans() -> None:
    talk = black_jeans()
    talk.say(wish("clothing", kind("T恤")))
    (held,) = talk.interest.limits
    assert not held.binds("clothing", "T恤")
    assert "黑色" not in talk.words
    talk.say(wish("clothing", kind("牛仔裤")), intent=Intent.RETURN)
    assert talk.interest.limits[0].binds("clothing", "牛仔裤")


def test_a_colour_said_of_both_kinds_binds_both_and_an_added_kind_is_free() -> None:
    talk = jeans(kind("T恤"))
    talk.say(constraints=(colour("黑色"),))
    assert set(talk.interest.limits[0].kinds) == {"牛仔裤", "T恤"}
    talk.say(wish("clothing", kind("外套")), additive=True)
    assert not talk.interest.limits[0].binds("clothing", "外套")


def test_a_colour_of_clothes_in_general_binds_the_kinds_named_later() -> None:
    talk = Talk()
    talk.say(wish("clothing", word("衣服", field="domain")), constraints=(colour("黑色"),))
    talk.say(wish("clothing", kind("T恤")))
    assert talk.interest.limits[0].binds("clothing", "T恤")
    assert not talk.interest.limits[0].binds("book", "")


def test_who_it_is_for_outlives_the_kind() -> None:
    talk = jeans()
    talk.say(constraints=(limit("attributes.audience", "is", 0, "儿童"), limit("brand", "is", 0, "青禾")))
    talk.say(wish("clothing", kind("T恤")))
    binding = {held.constraint.text for held in talk.interest.limits if held.binds("clothing", "T恤")}
    assert binding == {"儿童"}


def test_a_text_said_of_nothing_in_particular_ends_when_the_talk_leaves_it_and_a_budget_does_not() -> None:
    talk = Talk()
    said = (limit("attributes.audience", "is", 0, "老人"), price("<=", 100))
    talk.say(wish("", word("我爸", field="")), vectors=(CLOTHES,), constraints=said)
    talk.say(wish("clothing", kind("围巾")))
    assert talk.limits == {": 老人", ": <=100"}
    away = Talk()
    away.say(wish("", word("我爸", field="")), vectors=(CLOTHES,), constraints=said)
    away.say(wish("film", word("科幻")))
    assert away.limits == {": <=100"}


def test_another_colour_replaces_the_first_and_takes_its_word_along() -> None:
    talk = black_jeans()
    talk.say(wish("", word("白色", field="attributes.color", domains=("clothing",))), constraints=(colour("白色"),))
    assert talk.limits == {"clothing: 白色"}
    assert "黑色" not in talk.words


def test_another_colour_that_is_only_wished_for_ends_the_limit() -> None:
    talk = black_jeans()
    talk.say(wish("", word("白色", field="attributes.color", domains=("clothing",))))
    assert talk.limits == set()
    assert "黑色" not in talk.words
    again = black_jeans()
    again.say(wish("", word("黑色", field="attributes.color", domains=("clothing",))))
    assert again.limits == {"clothing: 黑色"}


def test_a_colour_said_as_an_addition_is_one_more_that_will_do() -> None:
    talk = black_jeans()
    talk.say(constraints=(colour("白色"),), additive=True)
    (held,) = talk.interest.limits
    assert (held.constraint.values, held.constraint.text) == (("黑色", "白色"), "黑色、白色")
    talk.say(wish("", word("蓝色", field="attributes.color", domains=("clothing",))), additive=True)
    assert talk.interest.limits[0].constraint.values == ("黑色", "白色", "蓝色")


def test_two_colours_in_one_message_are_one_limit() -> None:
    talk = jeans()
    talk.say(constraints=(colour("黑色"), colour("白色")))
    assert [held.constraint.values for held in talk.interest.limits] == [("黑色", "白色")]


def test_each_kind_keeps_its_own_colour() -> None:
    talk = black_jeans()
    talk.say(wish("clothing", kind("T恤")), constraints=(colour("白色"),))
    assert {(held.constraint.text, held.kinds) for held in talk.interest.limits} == {
        ("黑色", ("牛仔裤",)),
        ("白色", ("T恤",)),
    }
    both = jeans(kind("T恤"))
    both.say(constraints=(colour("黑色"),))
    both.say(wish("clothing", kind("牛仔裤")), constraints=(colour("白色"),))
    assert {(held.constraint.text, held.kinds) for held in both.interest.limits} == {
        ("黑色", ("T恤",)),
        ("白色", ("牛仔裤",)),
    }


def test_a_refused_colour_is_no_longer_wished_for() -> None:
    talk = jeans()
    talk.say(constraints=(colour("黑色", "白色"),))
    talk.say(refusals=(word("黑色", -1.0, "attributes.color"),), intent=Intent.REJECT)
    assert talk.interest.limits[0].constraint.values == ("白色",)
    talk.say(refusals=(word("白色", -1.0, "attributes.color"),), intent=Intent.REJECT)
    assert talk.interest.limits == ()


def test_lifting_a_colour_takes_its_word_along() -> None:
    talk = black_jeans()
    talk.say(lifted=frozenset({"attributes.color"}))
    assert talk.limits == set()
    assert talk.words == {"牛仔裤": 0.8}


# -- refusals


def test_a_refusal_stays_through_shifts_and_returns() -> None:
    talk = jeans()
    talk.say(refusals=(word("破洞", -1.0),), intent=Intent.REJECT)
    talk.say(wish("film", word("科幻")))
    talk.say(intent=Intent.RETURN)
    talk.say(intent=Intent.MORE)
    assert [(refusal.text, refusal.turn_id) for refusal in talk.interest.refusals] == [("破洞", "t2")]


def test_a_refusal_ends_when_the_same_is_wished_for_in_either_language_or_lifted() -> None:
    horror = word("恐怖", -1.0)
    for ending in (
        {"wishes": (wish("film", word("恐怖")),)},
        {"wishes": (wish("film", Term("horror", "horror", 0, 6, 0.5, horror.facets)),)},
        {"lifted": frozenset({"refusals"})},
    ):
        talk = Talk()
        talk.say(refusals=(horror, word("血腥", -1.0)), intent=Intent.REJECT)
        talk.say(*ending.get("wishes", ()), lifted=ending.get("lifted", frozenset()))
        left = [] if "lifted" in ending else ["血腥"]
        assert [refusal.text for refusal in talk.interest.refusals] == left


def test_a_refusal_said_again_is_one_refusal_and_stays_pinned() -> None:
    talk = Talk()
    talk.say(refusals=(word("恐怖", -1.0),), intent=Intent.REJECT)
    talk.interest = edit(talk.interest, pin=("恐怖",))
    talk.say(refusals=(word("恐怖", -1.0),), intent=Intent.REJECT)
    assert [(refusal.turn_id, refusal.pinned) for refusal in talk.interest.refusals] == [("t2", True)]
    talk.say(intent=Intent.START_OVER)
    assert len(talk.interest.refusals) == 1


def test_a_pinned_limit_survives_the_start_over() -> None:
    talk = jeans()
    talk.say(constraints=(price("<=", 300), colour("黑色")))
    talk.interest = edit(talk.interest, pin=("<=300",))
    talk.say(intent=Intent.START_OVER)
    assert talk.limits == {"clothing: <=300"}


def test_limits_said_while_nothing_has_a_domain_are_for_all() -> None:
    talk = Talk()
    talk.say(wish("", word("送礼", field="")), vectors=(CLOTHES,), constraints=(price("<=", 100),))
    talk.say(wish("clothing", kind("围巾")))
    assert talk.limits == {": <=100"}
