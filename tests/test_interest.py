import json

import numpy as np
import pytest

from bot.interest.state import Interest, from_state, to_state, view
from bot.interest.update import InterestParameters, feel, hear, pulled, strength
from bot.understanding.turn import Constraint, Facet, Intent, Term, Turn, Wish

CLOTHES = np.asarray([1, 0, 0, 0], dtype=np.float32)
FILMS = np.asarray([0, 1, 0, 0], dtype=np.float32)
P = InterestParameters()


def term(text: str, sentiment: float = 0.5, field: str = "tags") -> Term:
    return Term(text, text, 0, len(text), sentiment, (Facet(field, text),))


def wish(domain: str, *terms: Term) -> Wish:
    return Wish(" ".join(t.text for t in terms), 0, 1, terms, domain)


def turn(*wishes: Wish, **other: object) -> Turn:
    keywords = tuple(t.text for w in wishes for t in w.terms)
    return Turn("", "zh", **{"intent": Intent.ASK, "wishes": wishes, "keywords": keywords, **other})  # type: ignore[arg-type]


def say(interest: Interest, turn: Turn, *vectors: np.ndarray, turn_id: str = "t") -> Interest:
    return hear(interest, turn, vectors, turn_id, P)


def test_a_first_wish_opens_a_thread() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚"))), CLOTHES, turn_id="t1")
    (thread,) = after.threads
    assert (thread.domain, thread.weight) == ("clothing", 1.0)
    assert [(w.text, w.turn_id) for w in thread.words] == [("时尚", "t1")]


def test_more_of_the_same_joins_the_thread_and_old_words_fade() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚"))), CLOTHES, turn_id="t1")
    after = say(after, turn(wish("clothing", term("透气"))), CLOTHES, turn_id="t2")
    (thread,) = after.threads
    weights = {w.text: w.weight for w in thread.words}
    assert weights["透气"] > weights["时尚"] > 0


def test_a_shift_quiets_the_old_thread_in_that_very_turn_and_a_return_revives_it() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚"))), CLOTHES)
    after = say(after, turn(wish("film", term("科幻"))), FILMS)
    weights = {t.domain: t.weight for t in after.threads}
    assert weights["film"] == 1.0
    assert weights["clothing"] < 0.5
    back = say(after, turn(wish("clothing", term("衣服", field="domain"))), CLOTHES)
    assert back.live is not None
    assert back.live.domain == "clothing"
    assert "时尚" in {w.text for w in back.live.words}


def test_two_wishes_in_one_message_are_two_live_threads() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚")), wish("film", term("科幻"))), CLOTHES, FILMS)
    assert [t.weight for t in after.threads] == [1.0, 1.0]


def test_an_added_wish_does_not_quiet_the_first() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚"))), CLOTHES)
    after = say(after, turn(wish("film", term("科幻")), additive=True), FILMS)
    assert min(t.weight for t in after.threads) >= 0.5


def test_a_refusal_stays_until_the_word_is_wished_for_again() -> None:
    jeans = term("牛仔裤", -1.0, "category")
    after = say(Interest(), turn(refusals=(jeans,), intent=Intent.REJECT), turn_id="t1")
    assert [(r.text, r.turn_id) for r in after.refusals] == [("牛仔裤", "t1")]
    after = say(after, turn(wish("clothing", term("T恤"))), CLOTHES)
    assert len(after.refusals) == 1
    after = say(after, turn(wish("clothing", term("牛仔裤", 0.5, "category"))), CLOTHES)
    assert after.refusals == ()


def test_a_refused_word_leaves_the_thread() -> None:
    after = say(Interest(), turn(wish("clothing", term("T恤"), term("牛仔裤"))), CLOTHES)
    after = say(after, turn(refusals=(term("牛仔裤", -1.0),), intent=Intent.REJECT))
    assert [w.text for w in after.threads[0].words] == ["T恤"]


def test_a_new_limit_replaces_the_old_one_and_lifting_removes_it() -> None:
    def limit(op: str, value: float) -> Constraint:
        return Constraint("price", op, value, f"{op}{value}")  # type: ignore[arg-type]

    after = say(Interest(), turn(wish("clothing", term("T恤")), constraints=(limit("<=", 300),)), CLOTHES)
    after = say(after, turn(constraints=(limit("<=", 200),), intent=Intent.REFINE))
    assert [item.constraint.value for item in after.limits] == [200]
    assert after.limits[0].domain == "clothing"
    after = say(after, turn(constraints=(limit("low", 0),), intent=Intent.REFINE))
    assert {item.constraint.op for item in after.limits} == {"<=", "low"}
    after = say(after, turn(lifted=frozenset({"price"}), intent=Intent.REFINE))
    assert after.limits == ()


def test_start_over_forgets_everything() -> None:
    after = say(Interest(), turn(wish("clothing", term("T恤"))), CLOTHES)
    assert say(after, turn(intent=Intent.START_OVER)) == Interest()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("purchase", None, 1.0),
        ("rating", 5, 0.9),
        ("rating", 3, 0.0),
        ("rating", 1, -0.9),
        ("browse", 600, 0.25),
    ],
)
def test_what_an_act_is_worth(kind: str, value: float | None, expected: float) -> None:
    assert strength(kind, value) == pytest.approx(expected)


def test_acts_are_ordered_as_people_mean_them() -> None:
    order = [
        strength("purchase", None),
        strength("rating", 5),
        strength("like", None),
        strength("click", None),
    ]
    assert order == sorted(order, reverse=True)
    assert strength("dislike", None) < 0


def test_a_dislike_takes_a_like_back_and_undo_restores_nothing_else() -> None:
    after = feel(Interest(), "123", "like", None, "t1")
    after = feel(after, "123", "click", None, "t1")
    after = feel(after, "123", "dislike", None, "t2")
    assert [(e.kind, e.strength < 0) for e in after.evidence] == [("click", False), ("dislike", True)]
    after = feel(after, "123", "undo", None, "t2")
    assert [e.kind for e in after.evidence] == ["click"]


def test_liked_items_pull_and_disliked_ones_push() -> None:
    thread = say(Interest(), turn(wish("clothing", term("时尚"))), CLOTHES).threads[0]
    none = np.empty((0, 4), dtype=np.float32)
    towards = np.asarray([[0, 0, 1, 0]], dtype=np.float32)
    assert pulled(thread, towards, none, P) @ towards[0] > 0
    assert pulled(thread, none, towards, P) @ towards[0] < 0
    assert np.linalg.norm(pulled(thread, towards, towards, P)) == pytest.approx(1)


def test_the_state_survives_json_and_another_encoder_is_not_mixed_in() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚")), refusals=(term("红色", -1.0),)), CLOTHES)
    after = feel(after, "123", "like", None, "t1")
    again = from_state(json.loads(json.dumps(to_state(after))), 4)
    assert view(again) == view(after)
    assert again.evidence == after.evidence
    assert np.array_equal(again.threads[0].vector, after.threads[0].vector)
    assert from_state(to_state(after), 8).threads == ()


def test_the_session_vector_is_the_weighted_sum() -> None:
    after = say(Interest(), turn(wish("clothing", term("时尚")), wish("film", term("科幻"))), CLOTHES, FILMS)
    assert after.vector(4) == pytest.approx(np.asarray([1, 1, 0, 0]) / np.sqrt(2))
    assert not Interest().vector(4).any()
