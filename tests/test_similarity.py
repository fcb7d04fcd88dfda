import numpy as np

from retrieval.catalogue import build
from retrieval.items import Item
from retrieval.similarity import ITEM_SIMILARITIES, cosine, euclidean, item_similarity, jaccard

ROWS = np.asarray([[2, 0], [0, 3], [-1, 0], [0, 0]], dtype=np.float32)


def test_cosine_is_the_angle_whatever_the_length():
    assert np.allclose(cosine(np.asarray([[1, 0]], dtype=np.float32), ROWS), [[1, 0, -1, 0]])


def test_euclidean_falls_with_distance():
    assert np.allclose(euclidean(ROWS[:1], ROWS), [[1, 1 / (1 + 13**0.5), 1 / 4, 1 / 3]])


def test_jaccard_is_shared_over_all():
    a, b, c = ("tags", "a"), ("tags", "b"), ("tags", "c")
    others = [frozenset({a, b}), frozenset({b, c}), frozenset({c}), frozenset()]
    assert np.allclose(jaccard(frozenset({a, b}), others), [1, 1 / 3, 0, 0])
    assert np.allclose(jaccard(frozenset(), others[3:]), [0])


def test_every_item_similarity_finds_the_twin():
    items = [
        Item("1", "jeans", "clothing", tags=("denim", "blue")),
        Item("2", "soup", "recipe", tags=("warm",)),
        Item("3", "trousers", "clothing", tags=("denim", "black")),
    ]
    vectors = np.asarray([[1, 0, 0.1], [0, 1, 0.1], [0.9, 0.1, 0.1]], dtype=np.float32)
    catalogue = build(items, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for name in ITEM_SIMILARITIES:
        likeness = item_similarity(name, catalogue, 0)
        assert likeness.shape == (3,)
        assert list(np.argsort(-likeness)) == [0, 2, 1]
