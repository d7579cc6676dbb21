import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from finetrust.data.nearest_directions import nearest_directions


def directions(n: int, d: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("n", "m", "d", "count"), [(50, 200, 8, 5), (3, 7, 4, 7), (40, 300_000, 4, 3), (0, 5, 4, 2)]
)
def test_all_rows_come_in_their_order_with_the_neighbours_of_scikit_learn(
    n: int, m: int, d: int, count: int
):
    asked, known = directions(n, d, 0), directions(m, d, 1)
    parts = list(nearest_directions(asked, known, count))
    assert (len(parts) > 1) == (m == 300_000)
    assert [i for rows, *_ in parts for i in range(*rows.indices(n))] == list(range(n))
    if not n:
        return
    near = np.concatenate([near for _, near, _ in parts])
    apart = np.concatenate([apart for *_, apart in parts])
    expected, _ = NearestNeighbors(n_neighbors=count).fit(known).kneighbors(asked)
    np.testing.assert_allclose(np.sort(apart, axis=1), expected, atol=1e-5)
    found = np.linalg.norm(asked[:, None] - known[near], axis=2)
    np.testing.assert_allclose(apart, found, atol=1e-6)


def test_a_copy_is_at_distance_zero_exactly():
    known = directions(100, 512, 2)
    ((_, near, apart),) = nearest_directions(known[3:6], known, 1)
    assert near[:, 0].tolist() == [3, 4, 5]
    assert not apart.any()
