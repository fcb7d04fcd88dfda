import numpy as np
import pytest

from errors import VectorIndexError
from retrieval.index import Index

VECTORS = np.eye(4, dtype=np.float32)[:, :3] + 0.1
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
IDS = ["a", "b", "c", "d"]


@pytest.fixture
def index(tmp_path):
    with Index(tmp_path / "chroma", "bert/mean") as index:
        yield index


def test_search_gives_cosines_nearest_first(index):
    index.put(IDS, ["1"] * 4, VECTORS)
    queries = VECTORS[[2, 0]] * 5
    ids, similarities = index.search(queries, 3)
    truth = queries / 5 @ VECTORS.T
    assert [row[0] for row in ids] == ["c", "a"]
    for row, names in enumerate(ids):
        assert np.allclose(similarities[row], [truth[row, IDS.index(name)] for name in names], atol=1e-4)
        assert (np.diff(similarities[row]) <= 0).all()


def test_search_for_more_than_there_is(index):
    index.put(IDS[:2], ["1", "1"], VECTORS[:2])
    ids, similarities = index.search(VECTORS[:1], 5)
    assert ids == [["a", "b"]]
    assert np.isnan(similarities[0]).tolist() == [False, False, True, True, True]


def test_empty_searches(index):
    ids, similarities = index.search(VECTORS[:1], 2)
    assert (ids, similarities.shape) == ([[]], (1, 2))
    assert index.search(VECTORS[:0], 2)[0] == []


def test_sync_writes_only_what_changed_and_removes_the_rest(index):
    index.sync(IDS, ["1", "1", "1", "1"], VECTORS)
    moved = VECTORS[[0, 1, 2]][::-1].copy()
    index.sync(["a", "b", "c"], ["1", "1", "2"], moved)
    assert index.stored() == {"a": "1", "b": "1", "c": "2"}
    assert len(index) == 3
    assert np.allclose(index.vectors(["c", "a"]), [VECTORS[0], VECTORS[0]], atol=1e-6)


def test_pages_join(index, monkeypatch):
    monkeypatch.setattr(index, "_page", 2)
    index.put(IDS, list("1234"), VECTORS)
    assert index.stored() == dict(zip(IDS, "1234", strict=True))
    assert np.allclose(index.vectors(IDS[::-1]), VECTORS[::-1], atol=1e-6)
    index.remove(["a", "b", "c", "none"])
    assert index.stored() == {"d": "4"}


def test_it_is_kept_and_another_encoder_starts_anew(tmp_path):
    with Index(tmp_path, "one") as index:
        index.put(IDS, ["1"] * 4, VECTORS)
    with Index(tmp_path, "one") as index:
        assert (index.rebuilt, len(index)) == (False, 4)
    with Index(tmp_path, "two") as index:
        assert (index.rebuilt, len(index)) == (True, 0)
        index.put(["a"], ["1"], np.ones((1, 7), dtype=np.float32))


def test_what_is_not_stored_or_does_not_fit_is_an_index_error(index):
    index.put(IDS, ["1"] * 4, VECTORS)
    with pytest.raises(VectorIndexError, match="lacks 1 items, x"):
        index.vectors(["a", "x"])
    with pytest.raises(VectorIndexError):
        index.search(np.ones((1, 9), dtype=np.float32), 1)


def test_a_place_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(VectorIndexError):
        Index(tmp_path / "file", "one")
    with pytest.raises(VectorIndexError):
        Index("http://127.0.0.1:9", "one")
