import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from finetrust.trust.interpretability.examples import nearest
from finetrust.trust.interpretability.examples.nearest import nearest_items

METRICS = ["cosine", "euclidean"]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("m", "n", "d", "count"), [(30, 200, 16, 5), (7, 3, 4, 3), (400, 30000, 8, 4)]
)
def test_it_is_scikit_learns(metric, m, n, d, count):
    rng = np.random.default_rng(0)
    asked, known = rng.normal(1, 1, (m, d)), rng.normal(1, 1, (n, d))
    positions, distances = nearest_items(asked, known, count, metric)
    theirs = NearestNeighbors(n_neighbors=count, metric=metric, algorithm="brute").fit(known)
    expected, neighbours = theirs.kneighbors(asked)
    # Where float32 leaves more candidates alike than are kept, a neighbour may be as near as another.
    np.testing.assert_allclose(distances, expected, atol=1e-6)
    assert (positions == neighbours).mean() > 0.99


@pytest.mark.parametrize("metric", METRICS)
def test_features_far_from_zero_lose_no_digits(metric):
    rng = np.random.default_rng(1)
    known = (1000 + rng.normal(size=(500, 8))).astype(np.float32)
    theirs = NearestNeighbors(n_neighbors=3, metric="euclidean", algorithm="kd_tree").fit(
        known.astype(np.float64)
    )
    positions, distances = nearest_items(known, known, 3, metric)
    assert (positions[:, 0] == np.arange(500)).mean() > (0.99 if metric == "euclidean" else 0.5)
    assert distances[:, 0] == pytest.approx(0, abs=1e-9)
    if metric == "euclidean":
        np.testing.assert_allclose(distances, theirs.kneighbors(known.astype(float))[0], atol=1e-9)


def test_of_equally_near_items_the_first_comes_first():
    known = np.array([[0.0, 1], [1, 0], [1, 0], [0, 1]])
    positions, distances = nearest_items(np.array([[2.0, 0]]), known, 4)
    assert positions.tolist() == [[1, 2, 0, 3]]
    assert distances.tolist() == [[0, 0, 1, 1]]


def test_a_vector_of_zeros_is_at_right_angles_to_all():
    _, distances = nearest_items(np.zeros((1, 2)), np.array([[1.0, 0], [0, 0]]), 2)
    assert distances.tolist() == [[1, 1]]


def test_an_item_is_not_its_own_neighbour_where_groups_say_so():
    features = np.array([[0.0], [1], [3], [7]])
    itself = np.arange(4), np.arange(4)
    positions, distances = nearest_items(features, features, 4, "euclidean", itself)
    assert positions.tolist() == [[1, 2, 3, -1], [0, 2, 3, -1], [1, 0, 3, -1], [2, 1, 0, -1]]
    assert distances[0].tolist() == [1, 3, 7, np.inf]


def test_where_there_are_fewer_items_than_asked_for_the_rest_is_empty():
    positions, distances = nearest_items(np.ones((2, 3)), np.ones((1, 3)), 3)
    assert positions.tolist() == [[0, -1, -1]] * 2
    assert np.isinf(distances[:, 1:]).all()
    assert nearest_items(np.ones((2, 3)), np.ones((0, 3)), 2)[0].tolist() == [[-1, -1]] * 2
    assert nearest_items(np.ones((0, 3)), np.ones((5, 3)), 2)[0].shape == (0, 2)


@given(st.integers(0, 10**6), st.sampled_from(METRICS), st.integers(1, 6), st.integers(1, 3))
def test_all_that_was_left_out_is_farther_and_of_the_right_groups(seed, metric, count, n_groups):
    rng = np.random.default_rng(seed)
    asked, known = (
        rng.integers(-3, 4, (4, 3)).astype(float),
        rng.integers(-3, 4, (25, 3)).astype(float),
    )
    ours, theirs = rng.integers(0, n_groups, 4), rng.integers(0, n_groups, 25)
    positions, distances = nearest_items(asked, known, count, metric, (ours, theirs))
    everything, all_distances = nearest_items(asked, known, 25, metric)
    for row in range(4):
        of_item = dict(zip(everything[row].tolist(), all_distances[row].tolist(), strict=True))
        allowed = np.flatnonzero(theirs != ours[row])
        found = positions[row][positions[row] >= 0]
        assert len(found) == min(count, len(allowed)) == len(set(found.tolist()))
        assert set(found) <= set(allowed.tolist())
        expected = sorted(of_item[i] for i in allowed.tolist())[: len(found)]
        assert [of_item[i] for i in found.tolist()] == pytest.approx(expected, abs=1e-6)
        assert (np.diff(distances[row][: len(found)]) >= 0).all()


def test_blocks_change_nothing():
    rng = np.random.default_rng(2)
    asked, known = rng.normal(size=(600, 4)), rng.normal(size=(20000, 4))
    assert len(asked) * len(known) > nearest._NUMBERS_AT_ONCE
    positions, _ = nearest_items(asked, known, 3)
    alone = np.concatenate(
        [nearest_items(asked[i : i + 1], known, 3)[0] for i in range(0, 600, 37)]
    )
    np.testing.assert_array_equal(positions[::37], alone)
