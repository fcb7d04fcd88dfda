"""From words and vectors to the few that are shown; small cases whose answer is seen by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bot.interest.state import Limit, Refusal
from bot.recommending import allowed
from bot.understanding.turn import Constraint, Facet
from retrieval import candidates
from retrieval.catalogue import Catalogue, build
from retrieval.diversify import allocate, pick
from retrieval.items import Item
from retrieval.lexical import STRONG, TITLE, WEAK, LexicalIndex
from retrieval.score import Scored, freshness, leaning_part, popularity
from retrieval.segment import Segmenter

FloatArray = npt.NDArray[np.float32]
NAN = float("nan")

ITEMS = (
    Item(
        "tee", "品牌T恤", "clothing", category="T恤", brand="青禾", price=199.0, tags=("纯棉", "夏天"),
        attributes={"color": ("白色", "黑色"), "audience": "儿童"},
        i18n={"en": {"title": "Brand T-shirt", "category": "T-shirt", "tags": ("cotton",)}},
    ),
    Item("jeans", "直筒牛仔裤", "clothing", category="牛仔裤", price=299.0, description="夏天穿也不闷，配T恤。"),
    Item("bag", "儿童书包", "clothing", category="书包", price=99.0),
    Item("moon", "月球", "film", category="科幻片", year=2009, attributes={"color": "黑色"}),
    Item("ring", "Running Free", "book", category="memoir", price=39.0, year=1999, description="A runner's life."),
)  # fmt: skip
VECTORS = np.asarray([[1, 0, 0, 0], [0.8, 0.6, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
TEE, JEANS, BAG, MOON, RING = range(5)


def array(*values: float) -> FloatArray:
    return np.asarray(values, dtype=np.float32)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return build(ITEMS, VECTORS)


@pytest.fixture(scope="module")
def lexical(catalogue: Catalogue) -> LexicalIndex:
    return LexicalIndex(catalogue, Segmenter(["T恤", "牛仔裤", "科幻片", "书包", "夏天"]))


# -- words


def test_a_word_weighs_by_where_it_stands(lexical: LexicalIndex) -> None:
    assert lexical.presence("牛仔裤").tolist() == [0, TITLE, 0, 0, 0]
    assert lexical.presence("夏天") == pytest.approx([STRONG, WEAK, 0, 0, 0])
    assert lexical.presence("没有").tolist() == [0] * 5
    assert lexical.presence("cotton") == pytest.approx([STRONG, 0, 0, 0, 0])


def test_english_words_are_found_by_their_stem_and_phrases_by_all_their_words(lexical: LexicalIndex) -> None:
    assert lexical.presence("run")[RING] == TITLE
    assert lexical.presence("runner")[RING] == pytest.approx(WEAK)
    assert lexical.strong_positions("run free").tolist() == [RING]
    assert lexical.strong_positions("run moon").tolist() == []
    assert lexical.knows("memoir")
    assert not lexical.knows("thriller")


def test_what_a_word_means_outweighs_where_it_is_written(lexical: LexicalIndex) -> None:
    kids = [("attributes.audience", "儿童")]
    assert lexical.presence("儿童", kids) == pytest.approx([STRONG, 0, WEAK, 0, 0])
    assert lexical.strong_positions("儿童", kids).tolist() == [TEE, BAG]
    assert lexical.strong_positions("kids", kids).tolist() == [TEE]
    assert lexical.is_about(TEE, "kids", kids)
    assert not lexical.is_about(BAG, "kids", kids)
    assert lexical.presence("黑的", [("attributes.color", "黑色")]) == pytest.approx([STRONG, 0, 0, STRONG, 0])


def test_a_match_is_the_share_of_what_was_wished(lexical: LexicalIndex) -> None:
    assert lexical.match([]).tolist() == [0] * 5
    assert lexical.match([("没有", (), 1.0)]).tolist() == [0] * 5
    assert lexical.match([("牛仔裤", (), 1.0)]) == pytest.approx([0, 1, 0, 0, 0])
    both = lexical.match([("牛仔裤", (), 1.0), ("夏天", (), 1.0)])
    assert 1 > both[JEANS] > both[TEE] > 0 == both[BAG]


def test_a_rare_word_tells_more_than_a_common_one(lexical: LexicalIndex) -> None:
    assert lexical.idf(array(1, 0, 0, 0, 0)) == pytest.approx(np.log(6 / 2))
    assert lexical.idf(array(1, 1, 1, 1, 1)) == 0
    match = lexical.match([("夏天", (), 1.0), ("黑", [("attributes.color", "黑色")], 1.0), ("月球", (), 1.0)])
    assert match.argmax() == MOON


def test_one_kind_of_several_is_enough(lexical: LexicalIndex) -> None:
    kinds = [("牛仔裤", (), 1.0), ("书包", (), 1.0)]
    assert lexical.match([], kinds) == pytest.approx([0, 1, 1, 0, 0])
    assert lexical.match(kinds).max() < 1
    fading = lexical.match([], [("牛仔裤", (), 1.0), ("书包", (), 0.5)])
    assert fading == pytest.approx([0, 1, 0.5, 0, 0])


# -- the score


def test_the_total_is_the_sum_of_the_parts() -> None:
    scored = Scored({"interest": array(0.5, 0.1), "words": array(0.25, 0), "disliked": array(-0.5, 0.0001)})
    assert scored.total == pytest.approx([0.25, 0.1001])
    assert scored.of(0) == {"interest": 0.5, "words": 0.25, "disliked": -0.5}
    assert scored.of(1).keys() == {"interest"}


def test_the_cheapest_of_its_kind_has_the_whole_part_and_the_dearest_nothing() -> None:
    reference = array(100, 50, NAN, 200)
    assert leaning_part(array(50, 100, 200, NAN), reference) == pytest.approx([1, 0.5, 0, 0])
    assert leaning_part(array(50, 100, 200, NAN), reference, high=True) == pytest.approx([0, 0.5, 1, 0])
    assert leaning_part(array(50, NAN), array(50)) == pytest.approx([1, 0])
    assert leaning_part(array(300), reference).tolist() == [0]
    assert leaning_part(array(50), array(NAN)).tolist() == [0]


def test_popularity_is_damped_and_never_whole() -> None:
    share = popularity(array(0, 1, 10, 100, -5))
    assert share[0] == share[4] == 0
    assert 0 < share[1] < share[2] < share[3] < 1
    assert popularity(array(1))[0] == pytest.approx(1 / 3)
    assert popularity(array(0, 0)).tolist() == [0, 0]
    assert popularity(array()).shape == (0,)
    assert share.dtype == np.float32


def test_freshness_halves() -> None:
    assert freshness(array(0, 90, 180, NAN)) == pytest.approx([1, 0.5, 0.25, 0])


# -- slots


@pytest.mark.parametrize(
    ("weights", "slots", "given"),
    [
        ([1.0], 3, [3]),
        ([1.0, 1.0], 3, [2, 1]),
        ([1.0, 0.6], 3, [2, 1]),
        ([1.0, 0.4], 3, [3, 0]),
        ([0.6, 1.0, 0.6], 3, [1, 1, 1]),
        ([1.0, 0.5, 0.5, 0.5], 4, [1, 1, 1, 1]),
        ([1.0, 1.0, 1.0, 1.0], 3, [1, 1, 1, 0]),
        ([1.0, 0.5], 0, [0, 0]),
        ([0.0, 0.0], 3, [0, 0]),
        ([], 3, []),
    ],
)
def test_slots_go_by_weight(weights: list[float], slots: int, given: list[int]) -> None:
    assert allocate(weights, slots) == given


def test_a_live_thread_goes_before_a_second_slot_of_another() -> None:
    assert allocate([1.0, 0.3], 2, floor=0.2) == [1, 1]
    assert allocate([1.0, 0.3], 2, floor=0.5) == [2, 0]


def test_all_slots_are_given() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        weights, slots = random.random(random.integers(1, 7)).tolist(), int(random.integers(1, 13))
        given = allocate(weights, slots)
        live = [i for i, weight in enumerate(weights) if weight >= 0.5 * max(weights)]
        assert sum(given) == slots
        assert all(given[i] for i in live) or slots < len(live)


# -- picking

SCORES = array(1.0, 0.95, 0.9, 0.3)
ALIKE = np.asarray([[1, 0], [1, 0], [0, 1], [0.7, -0.7]], dtype=np.float32)
"""The first two are the same thing twice; the third is another; the last is far behind."""


def test_variety_wins_over_the_same_again() -> None:
    assert pick(SCORES, ALIKE, 2, diversity=0.5).tolist() == [0, 2]
    assert pick(SCORES, ALIKE, 2, diversity=0.0).tolist() == [0, 1]
    assert pick(SCORES, ALIKE, 3, diversity=0.9).tolist() == [0, 1, 2]


def test_what_is_far_behind_is_shown_only_where_nothing_else_is_left() -> None:
    assert 3 not in pick(SCORES, ALIKE, 3, diversity=1.0)
    assert pick(SCORES, ALIKE, 4).tolist() == [0, 1, 2, 3]
    assert pick(SCORES, ALIKE, 9).tolist() == [0, 1, 2, 3]


def test_each_named_kind_gets_its_best() -> None:
    first_two, last = np.asarray([True, True, False, False]), np.asarray([False, False, False, True])
    assert pick(SCORES, ALIKE, 2, alternatives=[first_two, last]).tolist() == [0, 3]
    assert pick(SCORES, ALIKE, 1, alternatives=[last, first_two]).tolist() == [3]
    assert pick(SCORES, ALIKE, 2, alternatives=[first_two, first_two]).tolist() == [0, 1]
    assert pick(SCORES, ALIKE, 2, alternatives=[~first_two & ~last, first_two]).tolist() == [0, 2]


def test_nothing_to_pick_from() -> None:
    assert pick(array(), ALIKE[:0], 3).tolist() == []
    assert pick(SCORES, ALIKE, 0).tolist() == []
    assert pick(array(0, 0, 0, 0), ALIKE, 2).shape == (2,)
    assert pick(array(-1, -2), ALIKE[:2], 1).tolist() == [0]


# -- candidates


class FakeIndex:
    """Finds the rows nearest to a vector; counts what was asked of it, may know ids that are gone."""

    def __init__(self, catalogue: Catalogue, stale: Sequence[str] = ()) -> None:
        self.ids, self.rows = [item.id for item in catalogue.items], catalogue.centred
        self.stale = list(stale)
        self.asked: list[int] = []

    def search(self, vectors: FloatArray, k: int) -> tuple[list[list[str]], FloatArray]:
        self.asked.append(k)
        near = vectors @ self.rows.T
        order = np.argsort(-near[0], kind="stable")[:k]
        return [[*self.stale, *(self.ids[i] for i in order)][:k]], near[:, order]


def test_dense_candidates_are_the_nearest_allowed(catalogue: Catalogue) -> None:
    index: Any = FakeIndex(catalogue)
    everything = np.ones(5, dtype=np.bool_)
    found = candidates.dense(catalogue, index, catalogue.centred[TEE], everything, 2)
    assert found.tolist() == [TEE, JEANS]
    assert index.asked == [5]


def test_where_too_few_survive_the_allowed_are_searched_exactly(catalogue: Catalogue) -> None:
    index: Any = FakeIndex(catalogue)
    far = np.asarray([False, False, False, True, True])
    found = candidates.dense(catalogue, index, catalogue.centred[TEE], far, 1)
    assert set(found.tolist()) <= {MOON, RING}
    assert len(found) == 1
    nothing = candidates.dense(catalogue, index, catalogue.centred[TEE], np.zeros(5, dtype=np.bool_), 3)
    assert nothing.tolist() == []


def test_an_index_that_is_behind_the_catalogue_loses_no_candidate(catalogue: Catalogue) -> None:
    index: Any = FakeIndex(catalogue, stale=["gone", "gone too", "gone three", "gone four"])
    found = candidates.dense(catalogue, index, catalogue.centred[TEE], np.ones(5, dtype=np.bool_), 3)
    assert found[:2].tolist() == [TEE, JEANS]
    assert len(found) == 3


def test_lexical_candidates_have_a_word(catalogue: Catalogue) -> None:
    match = array(0.2, 0, 0.9, 0.5, 0)
    mask = np.asarray([True, True, False, True, True])
    assert candidates.lexical(match, mask, 5).tolist() == [MOON, TEE]
    assert candidates.lexical(match, mask, 1).tolist() == [MOON]
    assert candidates.lexical(np.zeros(5, np.float32), mask, 3).tolist() == []


def test_the_top_is_in_order() -> None:
    values = np.random.default_rng(1).random(1000).astype(np.float32)
    assert candidates.top(values, 7).tolist() == np.argsort(-values)[:7].tolist()
    assert candidates.top(values[:3], 7).tolist() == np.argsort(-values[:3]).tolist()
    assert candidates.top(array(), 3).tolist() == []


# -- what may be shown


def limit(field: str, op: Any, value: float, domain: str = "", text: str = "limit") -> Limit:
    return Limit(Constraint(field, op, value, text), domain, "t1")


@pytest.mark.parametrize(
    ("op", "value", "fits"),
    [
        ("<=", 199, [True, False, True, False, True]),
        (">=", 199, [True, True, False, False, False]),
        ("==", 99, [False, False, True, False, False]),
        ("~", 100, [False, False, True, False, False]),
        ("<", 199, [False, False, True, False, True]),
        (">", 199, [False, True, False, False, False]),
        ("high", 0, [True] * 5),
        ("low", 0, [True] * 5),
    ],
)
def test_limits_are_hard_and_no_price_is_outside(catalogue: Catalogue, op: str, value: float, fits: list[bool]) -> None:
    assert allowed.within_limits(catalogue, [limit("price", op, value)], "").tolist() == fits


def test_a_limit_binds_where_it_was_said(catalogue: Catalogue) -> None:
    of_clothes = [limit("price", "<=", 100, "clothing")]
    assert allowed.within_limits(catalogue, of_clothes, "").tolist() == [False, False, True, True, True]
    of_all = [limit("price", "<=", 100)]
    assert allowed.within_limits(catalogue, of_all, "").tolist() == [False, False, True, False, True]
    assert allowed.within_limits(catalogue, of_all, "film").tolist() == [False, False, True, True, True]
    two = [*of_all, limit("year", ">=", 2000)]
    assert allowed.within_limits(catalogue, two, "").tolist() == [False] * 5
    assert allowed.within_limits(catalogue, [], "").all()


def test_about_a_year_is_three_years_and_not_a_third_of_it(catalogue: Catalogue) -> None:
    assert allowed.within_limits(catalogue, [limit("year", "~", 2010)], "").tolist() == [
        False,
        False,
        False,
        True,
        False,
    ]


def colour(*values: str, domain: str = "", kinds: tuple[str, ...] = ()) -> Limit:
    return Limit(Constraint("attributes.color", "is", 0, "colour", values=values), domain, "t1", kinds)


def test_a_limit_of_texts_asks_for_one_of_them(catalogue: Catalogue) -> None:
    assert allowed.met(catalogue, colour("黑色", "红色").constraint).tolist() == [True, False, False, True, False]
    assert allowed.met_by(catalogue, colour("黑色").constraint, TEE)
    assert not allowed.met_by(catalogue, colour("黑色").constraint, JEANS)
    assert allowed.within_limits(catalogue, [colour("黑色")], "book").tolist() == [True, False, False, True, True]
    of_tees = [colour("红色", domain="clothing", kinds=("t恤",))]
    assert allowed.within_limits(catalogue, of_tees, "").tolist() == [False, True, True, True, True]


def test_what_cannot_be_met_together_is_dropped_the_earliest_said_first(catalogue: Catalogue) -> None:
    everything = np.ones(5, dtype=np.bool_)
    white, black, red = colour("白色"), colour("黑色"), colour("红色")
    both = allowed.settled(catalogue, [white, black], "clothing", everything)
    assert (both[0].tolist(), both[1]) == ([True, False, False, False, False], ())
    of_films = allowed.settled(catalogue, [white, black], "film", catalogue.in_domain("film"))
    assert (np.flatnonzero(of_films[0]).tolist(), of_films[1]) == ([MOON], (white,))
    assert allowed.settled(catalogue, [red], "", everything)[1] == (red,)
    assert not allowed.settled(catalogue, [red], "", ~everything)[0].any()


def test_the_nearest_by_number(catalogue: Catalogue) -> None:
    everything = np.ones(5, dtype=np.bool_)
    ten = limit("price", "<=", 10).constraint
    assert allowed.nearest_to(catalogue.price, ten, everything, 2).tolist() == [False, False, True, False, True]
    assert allowed.nearest_to(catalogue.price, ten, np.arange(5) == MOON, 2).tolist() == [False] * 3 + [True, False]


def test_refused_and_listed(catalogue: Catalogue, lexical: LexicalIndex) -> None:
    black = Refusal("黑的", "黑的", "t1", (Facet("attributes.color", "黑色"),))
    assert allowed.refused(catalogue, lexical, [black]).tolist() == [True, False, False, True, False]
    in_description_only = Refusal("夏天", "夏天", "t1")
    assert allowed.refused(catalogue, lexical, [in_description_only]).tolist() == [True, False, False, False, False]
    assert allowed.listed(catalogue, ["moon", "gone"]).tolist() == [False, False, False, True, False]
    assert allowed.in_domains(catalogue, ["film", "no such"]).tolist() == [False, False, False, True, False]


def test_a_part_of_the_catalogue_is_the_same_for_all_items_and_for_one(catalogue: Catalogue) -> None:
    everything = np.ones(len(catalogue.items), dtype=np.bool_)
    domains = sorted({item.domain for item in catalogue.items})
    tags = sorted({tag for item in catalogue.items for tag in item.tags})
    assert len(tags) == 2
    for part in ([], domains[:1], ["no such"]):
        for some in ([], tags[:1], tags, ["no such"]):
            mask = allowed.in_part(catalogue, everything, part, some)
            assert mask.tolist() == [allowed.is_in_part(item, part, some) for item in catalogue.items]
