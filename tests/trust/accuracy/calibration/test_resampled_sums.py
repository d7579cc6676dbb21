"""Sums in bins are those of the shared resamples."""

import numpy as np
import pytest

from finetrust.trust.accuracy.calibration.resampled_sums import (
    resampled_means_of,
    resampled_share,
    resampled_sums,
)
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_means


@pytest.mark.parametrize("n", [1, 50, 100_001])
def test_they_are_the_resampled_means_of_one_column_a_bin(n: int) -> None:
    rng = np.random.default_rng(0)
    values, bins = rng.normal(size=n), rng.integers(0, 3, n)
    columns = np.where(bins[:, None] == np.arange(3), values[:, None], 0)
    expected = resampled_means(columns, RESAMPLES, seed=4)
    np.testing.assert_allclose(resampled_sums(values, bins, 3, 4), expected, rtol=1e-9, atol=1e-12)


def test_some_of_the_items_are_resampled_with_all() -> None:
    rng = np.random.default_rng(1)
    values, rows = rng.normal(size=20), np.sort(rng.permutation(30)[:20])
    column, there = np.zeros(30), np.zeros(30)
    column[rows], there[rows] = values, 1
    sums, shares = resampled_means(np.stack([column, there], axis=1), RESAMPLES, 4).T
    np.testing.assert_allclose(resampled_means_of(values, rows, 30, 4), sums / shares)
    np.testing.assert_allclose(resampled_share(rows, 30, 4), shares)


def test_a_resample_without_any_of_them_has_no_mean() -> None:
    means = resampled_means_of(np.array([2.0]), np.array([0]), 3, 0)
    assert set(np.round(means[~np.isnan(means)], 9)) == {2.0}
    assert 0.2 < np.isnan(means).mean() < 0.4  # (2 / 3)^3 of them
