"""Counts that may be published: bounded, noisy by what ε says, and off the mark no more than that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from errors import InputError
from storage.aggregates import KINDS, with_noise
from storage.database import open_database
from storage.records import ItemRecord, new_token
from storage.store import Store

ITEM = ItemRecord("a", "c", "film", True, {"id": "a"})


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    engine = open_database(database_url)
    store = Store(engine)
    store.save_items([ITEM, replace(ITEM, id="b")])
    yield store
    engine.dispose()


def test_every_item_of_the_catalogue_has_a_count_and_nothing_else(store: Store, tmp_path: Path) -> None:
    session_id = store.create_session(new_token(), "en").session_id
    store.add_feedback(session_id, "gone from the catalogue", "like")
    counted = store.aggregates(1.0)
    assert [(count.item_id, count.kind) for count in counted.counts] == [(i, kind) for i in "ab" for kind in KINDS]
    counted.write(tmp_path / "deep" / "aggregates.json")
    assert '"epsilon": 1.0' in (tmp_path / "deep" / "aggregates.json").read_text()


def test_with_little_noise_the_counts_are_of_visitors(store: Store) -> None:
    for visitor in ("ann", "ann", "bob", None):
        session_id = store.create_session(new_token(), "en", visitor).session_id
        store.add_feedback(session_id, "a", "like")
        store.add_feedback(session_id, "a", "like")
    store.add_feedback(session_id, "b", "dislike")
    store.undo_feedback(session_id, "b")
    counted = store.aggregates(100.0, contribution=1)
    assert {(c.item_id, c.kind): c.count for c in counted.counts if c.count} == {("a", "like"): 3}


def test_one_visitor_adds_no_more_than_the_bound(store: Store) -> None:
    session_id = store.create_session(new_token(), "en").session_id
    for item_id in "ab":
        for kind in KINDS:
            store.add_feedback(session_id, item_id, kind)
    assert sum(count.count for count in store.aggregates(100.0, contribution=2).counts) == 2


def test_noise_is_as_wide_as_epsilon_and_the_bound_ask() -> None:
    scale, counts = with_noise([50] * 4000, epsilon=0.5, contribution=2)
    assert scale == pytest.approx(4.0, rel=1e-6)
    away = sum(abs(count - 50) for count in counts) / len(counts)
    assert away == pytest.approx(scale, rel=0.15)  # nine standard deviations of this mean
    assert sum(counts) / len(counts) == pytest.approx(50, abs=1)


@pytest.mark.parametrize(("epsilon", "contribution"), [(0, 1), (-1, 1), (101, 1), (float("nan"), 1), (1, 0)])
def test_a_wrong_budget(store: Store, epsilon: float, contribution: int) -> None:
    with pytest.raises(InputError):
        store.aggregates(epsilon, contribution)
