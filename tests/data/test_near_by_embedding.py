"""Near copies by embedding: planted ones are found, and neighbours by chance are left alone."""

import numpy as np
import pytest

from finetrust.data.near_by_embedding import largest_ratio, near_by_embedding


def points(n: int, seed: int, inside: int = 8, outside: int = 64) -> np.ndarray:
    """Return points (n, outside) on a flat of so many dimensions, in no even spread."""
    rng = np.random.default_rng(seed)
    flat = np.random.default_rng(99).standard_normal((inside, outside))
    return (rng.standard_normal((n, inside)) @ flat + 5).astype(np.float32)


def test_planted_copies_are_found_with_their_originals() -> None:
    train = points(2000, 0)
    noise = 0.02 * np.random.default_rng(1).standard_normal((100, 64)).astype(np.float32)
    judged = np.concatenate([points(900, 2), train[::20] + noise])
    pairs = near_by_embedding(judged, train)
    planted = pairs[pairs[:, 0] >= 900]
    assert len(planted) >= 95
    assert (planted[:, 1] == (planted[:, 0] - 900) * 20).all()
    assert (pairs[:, 0] < 900).sum() <= 1


@pytest.mark.parametrize("inside", [2, 5, 20])
def test_chance_makes_hardly_any_copies_whatever_the_dimension(inside: int) -> None:
    found = [
        len(near_by_embedding(points(2000, 10 + seed, inside), points(2000, seed, inside)))
        for seed in range(5)
    ]
    assert sum(found) <= 0.001 * 10_000


def test_several_copies_in_training_do_not_hide_one() -> None:
    train = points(500, 0)
    train = np.concatenate([train, train[:1] + 1e-3, train[:1] - 1e-3])
    [[row, source]] = near_by_embedding(train[:1] + 2e-3, train).tolist()
    assert row == 0
    assert source in (0, 500, 501)


def test_the_scale_of_the_features_and_an_offset_do_not_matter() -> None:
    train, judged = points(500, 0), points(50, 1)
    judged[:5] = train[:5] + 0.01
    pairs = near_by_embedding(judged, train)
    assert len(pairs) >= 5
    assert np.array_equal(near_by_embedding(judged * 9 + 100, train * 9 + 100), pairs)


def test_the_limit_follows_from_the_dimension() -> None:
    # P(r <= t) = 1 - (1 - t^k)^4 holds 0.02 % at the limit; here k = 4.
    u = np.random.default_rng(0).uniform(size=100_000)
    ratios = (1 - (1 - u) ** 0.25) ** 0.25
    limit = largest_ratio(ratios)
    assert 1 - (1 - limit**4) ** 4 == pytest.approx(2e-4, rel=0.1)


@pytest.mark.parametrize(("n", "m"), [(0, 50), (5, 0), (5, 5)])
def test_too_few_items_have_no_pairs(n: int, m: int) -> None:
    assert near_by_embedding(points(n, 0), points(m, 1)).shape == (0, 2)


def test_features_that_are_all_the_same_are_no_copies() -> None:
    same = np.ones((20, 4), np.float32)
    assert len(near_by_embedding(same, same)) == 0
