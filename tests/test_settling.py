"""What an uncertain message comes to once its intent was judged."""

from __future__ import annotations

import pytest

from bot.policy.settling import settled, wants_no_questions
from bot.understanding.turn import Constraint, Facet, Intent, Term, Turn, Wish

JUNK = Wish("the thing", 0, 9, (Term("thing", "thing", 4, 9),))
TITLED = Wish("none", 0, 4, (Term("none", "none", 0, 4, facets=(Facet("title", "and then there were none"),)),))
FILM = Wish("film", 0, 4, (Term("film", "film", 0, 4, facets=(Facet("domain", "film"),)),))
LIMIT = Constraint("price", "<=", 100, "under 100")


def heard(*wishes: Wish, **more: object) -> Turn:
    words = tuple(term.text for wish in wishes for term in wish.terms)
    return Turn("…", "en", Intent.ASK, wishes=wishes, keywords=words, certain=False, **more)


@pytest.mark.parametrize("wish", [JUNK, TITLED])
@pytest.mark.parametrize("judged", [Intent.THANKS, Intent.CARE, Intent.OUT_OF_SCOPE, Intent.MORE, Intent.ANYTHING])
def test_words_that_nothing_knows_are_no_wish_of_a_turn_without_content(judged: Intent, wish: Wish) -> None:
    turn = settled(heard(wish), judged)
    assert (turn.intent, turn.wishes, turn.keywords) == (judged, (), ())


@pytest.mark.parametrize("judged", [Intent.THANKS, Intent.OUT_OF_SCOPE, Intent.ANYTHING])
def test_a_wish_that_is_known_stays_one(judged: Intent) -> None:
    turn = settled(heard(FILM, JUNK), judged)
    assert (turn.intent, turn.wishes, turn.keywords) == (Intent.ASK, (FILM,), ("film",))


def test_a_limit_is_content_too() -> None:
    turn = settled(heard(JUNK, constraints=(LIMIT,)), Intent.OUT_OF_SCOPE)
    assert (turn.intent, turn.wishes, turn.constraints) == (Intent.REFINE, (), (LIMIT,))


def test_everything_but_something_is_a_refusal() -> None:
    assert settled(heard(refusals=JUNK.terms), Intent.ANYTHING).intent is Intent.REJECT


@pytest.mark.parametrize("judged", [Intent.ASK, Intent.REFINE])
def test_what_is_judged_a_wish_keeps_all_its_words(judged: Intent) -> None:
    turn = settled(heard(JUNK), judged)
    assert (turn.intent, turn.wishes) == (judged, (JUNK,))


@pytest.mark.parametrize("text", ["别问我，直接推荐", "不用问了", "Don’t ask me anything", "just recommend something"])
def test_no_questions_wanted(text: str) -> None:
    assert wants_no_questions(text)


@pytest.mark.parametrize("text", ["想问问有没有书", "may I ask for a film", "推荐一本书"])
def test_a_question_of_the_visitors_is_none(text: str) -> None:
    assert not wants_no_questions(text)
