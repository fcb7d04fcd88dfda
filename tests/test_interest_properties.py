"""What holds of the interest whatever is said, done and edited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from talk import P, Talk

from bot.interest.edit import edit
from bot.interest.feedback import feel, strength
from bot.interest.profile import profile_of, with_profile
from bot.interest.state import Interest, from_state, to_state, view
from bot.understanding.turn import Constraint, Facet, Intent, Reference, Term, Turn, Wish

KINDS = ("like", "dislike", "hide", "click", "browse", "purchase", "rating", "undo")
TEXTS = ("牛仔裤", "T恤", "科幻", "历史", "黑色", "白色", "轻便", "quiet")
DOMAINS = ("", "clothing", "film", "book")
FIELDS = ("category", "tags", "attributes.color", "brand", "domain")

weights = st.floats(0, 1)
terms = st.builds(
    lambda text, field, sentiment, known: Term(
        text, text, 0, len(text), sentiment, (Facet(field, text),) if field else (), frozenset(known)
    ),
    st.sampled_from(TEXTS),
    st.sampled_from(("", *FIELDS)),
    st.floats(-1, 1),
    st.sets(st.sampled_from(DOMAINS[1:]), max_size=2),
)
wishes = st.builds(
    lambda said, domain, start: Wish("…", start, start + 3, tuple(said), domain),
    st.lists(terms, min_size=1, max_size=3),
    st.sampled_from(DOMAINS),
    st.integers(0, 30),
)
numbers = st.builds(
    lambda field, op, value, start: Constraint(field, op, value, f"{op}{value:g}", start, start + 3),
    st.sampled_from(("price", "year", "attributes.minutes")),
    st.sampled_from(("<=", "<", ">=", ">", "==", "~", "low", "high")),
    st.integers(0, 5).map(lambda n: n * 100.0),
    st.integers(0, 30),
)
texts = st.builds(
    lambda field, values: Constraint(field, "is", 0.0, "/".join(values), 0, 3, tuple(values)),
    st.sampled_from(("attributes.color", "attributes.audience", "brand")),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2, unique=True),
)
references = st.builds(
    lambda ids, kind, role, sentiment: Reference("那个", 0, 2, tuple(ids), kind, role, sentiment),
    st.lists(st.sampled_from("abcd"), max_size=3, unique=True),
    st.sampled_from(("shown", "title", "creator")),
    st.sampled_from(("this", "similar")),
    st.floats(-1, 1),
)
turns = st.builds(
    lambda **said: Turn(text="一些话，再一些话", lang="zh", **said),
    intent=st.sampled_from(Intent),
    wishes=st.lists(wishes, max_size=3).map(tuple),
    refusals=st.lists(terms, max_size=2).map(tuple),
    constraints=st.lists(numbers | texts, max_size=3).map(tuple),
    lifted=st.sets(st.sampled_from(("price", "year", "attributes.color", "refusals")), max_size=1).map(frozenset),
    additive=st.booleans(),
    references=st.lists(references, max_size=2).map(tuple),
    sentiment=st.floats(-1, 1),
    keywords=st.just(("词",)),
)


@dataclass(frozen=True)
class Act:
    """Feedback on an item."""

    item_id: str
    kind: str
    value: float


@dataclass(frozen=True)
class Edit:
    """One change by hand, to the n-th thing that has a label."""

    change: str
    nth: int


acts = st.builds(Act, st.sampled_from("abcd"), st.sampled_from(KINDS), st.floats(1, 5))
edits = st.builds(Edit, st.sampled_from(("remove", "pin", "weaken", "unpin")), st.integers(0, 20))
steps = st.lists(turns | acts | edits, max_size=12)

ITEMS = {id_: np.eye(3, dtype=np.float32)[n % 3] for n, id_ in enumerate("abc")}
"""The item "d" is gone from the catalogue."""
TITLES = {id_: (DOMAINS[1 + n], f"title {id_}") for n, id_ in enumerate("abc")}


def play(step: Turn | Act | Edit, talk: Talk) -> None:
    if isinstance(step, Act):
        talk.interest = feel(talk.interest, step.item_id, step.kind, step.value, "t")
    elif isinstance(step, Edit):
        labels = [said.text for thread in talk.interest.threads for said in thread.words]
        if step.change != "weaken":
            labels += [held.constraint.text for held in talk.interest.limits]
            labels += [refusal.text for refusal in talk.interest.refusals]
        if labels:
            talk.interest = edit(talk.interest, **{step.change: (labels[step.nth % len(labels)],)})
    else:
        said = {name: getattr(step, name) for name in step.__dataclass_fields__ if name not in ("lang", "keywords")}
        rows = tuple(np.eye(3, dtype=np.float32)[(wish.start + len(wish.terms)) % 3] for wish in said.pop("wishes"))
        talk.say(*step.wishes, vectors=rows, named=ITEMS, titles=TITLES, **said)


def sound(interest: Interest) -> None:
    """What an interest never breaks."""
    own = [thread for thread in interest.threads if thread.source == "said"]
    profile = [thread for thread in interest.threads if thread.source == "profile"]
    assert len(own) <= P.most_threads + 1
    assert len(profile) <= P.most_profile
    assert len(interest.history) <= P.most_moments
    for thread in interest.threads:
        assert 0 < thread.weight <= 1
        assert thread.words or thread.domain
        assert all(0 < said.weight <= 1 for said in thread.words)
        assert len({said.norm for said in thread.words}) == len(thread.words)
        assert np.isfinite(thread.vector).all()
        assert np.linalg.norm(thread.vector) <= 1 + 1e-5
    assert all(-1 <= evidence.strength <= 1 for evidence in interest.evidence)
    assert all(held.constraint.values for held in interest.limits if held.constraint.op == "is")
    assert np.linalg.norm(interest.vector(3)) <= 1 + 1e-5


def plain(interest: Interest) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(json.dumps(to_state(interest)))
    return state


@settings(deadline=None, derandomize=True, max_examples=150)
@given(steps)
def test_whatever_comes_the_interest_is_sound_and_survives_json(played: list[Turn | Act | Edit]) -> None:
    talk = Talk()
    for step in played:
        play(step, talk)
        sound(talk.interest)
        assert plain(from_state(plain(talk.interest), 3)) == plain(talk.interest)
        assert json.dumps(view(talk.interest))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(steps, turns)
def test_a_refusal_ends_only_by_being_wished_for_or_lifted(played: list[Turn | Act | Edit], turn: Turn) -> None:
    talk = Talk()
    for step in played:
        play(step, talk)
    before = talk.interest.refusals
    play(turn, talk)
    after = {refusal.norm for refusal in talk.interest.refusals}
    heard = turn.wishes
    wished = {term.norm for wish in heard for term in wish.terms}
    meant = [set(term.facets) for wish in heard for term in wish.terms]
    lifted = "refusals" in turn.lifted or turn.intent is Intent.START_OVER
    for refusal in before:
        again = refusal.norm in wished or any(facets and facets >= set(refusal.facets) for facets in meant)
        assert refusal.norm in after or again or lifted
    assert {term.norm for term in turn.refusals} <= after


@settings(deadline=None, derandomize=True, max_examples=100)
@given(steps, turns)
def test_what_a_turn_says_holds_after_it(played: list[Turn | Act | Edit], turn: Turn) -> None:
    talk = Talk()
    for step in played:
        play(step, talk)
    play(turn, talk)
    if turn.intent in (Intent.ABOUT, Intent.COMPARE, Intent.CARE, Intent.OUT_OF_SCOPE):
        return
    for said in turn.constraints:
        of_field = [held.constraint for held in talk.interest.limits if held.constraint.field == said.field]
        if said.op == "is":
            assert any(set(said.values) <= set(constraint.values) for constraint in of_field)
        else:
            assert said in of_field
    if turn.wishes and turn.intent is not Intent.RETURN:
        assert talk.live.weight == 1.0


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(steps, max_size=3), steps)
def test_a_profile_is_faint_and_never_hard(
    visits: list[list[Turn | Act | Edit]], played: list[Turn | Act | Edit]
) -> None:
    states = []
    for visit in visits:
        earlier = Talk()
        for step in visit:
            play(step, earlier)
        states.append(plain(earlier.interest))
    talk = Talk(with_profile(Interest(), profile_of(states, 3)))
    sound(talk.interest)
    assert all(thread.weight <= P.profile_weight for thread in talk.interest.threads)
    assert talk.interest.limits == ()
    assert all(refusal.pinned for refusal in talk.interest.refusals)
    for step in played:
        play(step, talk)
        sound(talk.interest)
    assert all(t.weight <= P.profile_weight for t in talk.interest.threads if t.source == "profile")


@given(st.floats(1, 5), st.floats(1, 5), st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_stars_and_longer_looks_never_say_less(a: float, b: float, c: float, d: float) -> None:
    assert (strength("rating", min(a, b))) <= strength("rating", max(a, b))
    assert 0 <= strength("browse", min(c, d)) <= strength("browse", max(c, d)) <= strength("click", None)


@given(weights)
def test_words_of_an_item_say_less_than_any_act(sentiment: float) -> None:
    assert strength("said", sentiment) <= strength("browse", 3600)
