from dataclasses import replace

import numpy as np
import pytest

from retrieval import importing
from retrieval.importing import Embedded, catalogue_of, embed_changes, encode_items
from retrieval.index import Index
from retrieval.items import Item

ITEMS = [Item(str(n), f"title {n}" + " long" * (n % 3), "book") for n in range(10)]


class Letters:
    """Counts letters; remembers what it was asked and can be told to die."""

    name = "letters"
    dimension = 26

    def __init__(self, lives=99):
        self.lives = lives
        self.seen = []

    def encode(self, texts, kind):
        self.lives -= 1
        if self.lives < 0:
            raise KeyboardInterrupt
        self.seen += texts
        counts = np.asarray([[text.count(chr(97 + i)) for i in range(26)] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path):
    with Index(tmp_path, "letters") as index:
        yield index


def test_only_changed_texts_are_encoded(index):
    encoder = Letters()
    assert embed_changes(ITEMS, encoder, index) == Embedded(10, 0, 0)
    changed = [replace(ITEMS[0], title="new"), replace(ITEMS[1], price=5.0), *ITEMS[2:9]]
    encoder.seen.clear()
    assert embed_changes(changed, encoder, index) == Embedded(1, 8, 1)
    assert len(encoder.seen) == 1
    assert index.stored().keys() == {item.id for item in changed}


def test_a_description_is_part_of_the_vector():
    words, told = encode_items([("abc", ""), ("abc", "xyz")], Letters())
    assert np.allclose(words[:3], 3**-0.5)
    assert words[:3].min() > told[:3].min() > told[-3:].min() > 0
    assert np.isclose(np.linalg.norm(told), 1)


def test_a_killed_import_goes_on_where_it_stopped(index, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 4)
    with pytest.raises(KeyboardInterrupt):
        embed_changes(ITEMS, Letters(lives=2), index)
    assert embed_changes(ITEMS, Letters(), index) == Embedded(2, 8, 0)


def test_progress_ends_at_one(index, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 4)
    shares = []
    embed_changes(ITEMS, Letters(), index, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_catalogue_has_the_vectors_in_the_order_of_the_items(index):
    encoder = Letters()
    catalogue = catalogue_of(ITEMS[::-1], encoder, index)
    assert [item.id for item in catalogue.items] == [item.id for item in ITEMS[::-1]]
    expected = encoder.encode([item.title for item in catalogue.items], "passage")
    assert np.allclose(catalogue.vectors, expected, atol=1e-6)
    assert catalogue_of([], encoder, index).vectors.shape == (0, 26)
