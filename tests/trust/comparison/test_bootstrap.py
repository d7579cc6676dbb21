"""Two figures of the same items, compared on the same resamples."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from finetrust.trust.accuracy.intervals import resampled_means
from finetrust.trust.comparison.bootstrap import bootstrap_difference


def means_of(*columns: np.ndarray) -> list[np.ndarray]:
    return [resampled_means(column[:, None], seed=3)[:, 0] for column in columns]


def of_means(reference: np.ndarray, other: np.ndarray):
    return bootstrap_difference(
        other.mean() - reference.mean(), *means_of(reference, other), len(reference)
    )


def test_of_two_means_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(size=80)
    other = 0.8 * reference + 0.3 * rng.normal(size=80) + 0.05
    found, known = of_means(reference, other), ttest_rel(other, reference)
    interval = known.confidence_interval()
    width = interval.high - interval.low
    assert (found.ci_low, found.ci_high) == pytest.approx(
        (interval.low, interval.high), abs=0.08 * width
    )
    assert found.p_value == pytest.approx(known.pvalue, abs=0.03)
    assert found.paired


def test_pairs_are_sharper_than_the_same_figures_on_other_items() -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(size=200)
    other = reference + 0.1 * rng.normal(size=200)
    paired = of_means(reference, other)
    apart = of_means(reference, rng.permutation(other))
    assert paired.ci_high - paired.ci_low < 0.2 * (apart.ci_high - apart.ci_low)


def test_a_small_p_value_is_not_bounded_by_the_number_of_resamples() -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(size=500)
    assert of_means(reference, reference + 1 + 0.1 * rng.normal(size=500)).p_value < 1e-50


def test_the_interval_and_the_p_value_say_the_same() -> None:
    rng = np.random.default_rng(0)
    for shift in np.linspace(-0.1, 0.1, 41):
        reference = rng.normal(size=100)
        found = of_means(reference, reference + 0.3 * rng.normal(size=100) + shift)
        assert (found.p_value <= 0.05) == (not found.ci_low <= 0 <= found.ci_high)


def test_nothing_is_claimed_where_resampling_shows_no_uncertainty() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert of_means(values, values) is None
    assert of_means(values, values + 1) is None
    assert bootstrap_difference(0.1, np.zeros(10), np.ones(10), 1) is None


def test_resamples_without_a_figure_are_left_out_and_too_few_are_refused() -> None:
    reference, other = np.random.default_rng(0).normal(size=(2, 1000))
    some = np.where(np.arange(1000) < 100, np.nan, other)
    few = np.where(np.arange(1000) < 600, np.nan, other)
    found = bootstrap_difference(0.0, reference, some, 50)
    alone = bootstrap_difference(0.0, reference[100:], other[100:], 50)
    assert found == alone
    assert bootstrap_difference(0.0, reference, few, 50) is None


def test_it_covers_the_true_difference_of_skewed_losses() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        shared = rng.exponential(size=120)
        reference, other = shared * rng.exponential(size=120), shared + rng.exponential(size=120)
        found = of_means(reference, other)
        covered += found.ci_low <= 1.0 <= found.ci_high
    assert 0.91 <= covered / 300 <= 0.985
