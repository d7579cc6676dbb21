"""Intervals agree with scipy's and cover what they claim to cover."""

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from finetrust.trust.accuracy import intervals
from finetrust.trust.accuracy.intervals import (
    basic_interval,
    bca_interval,
    block_of_each,
    bootstrap_mean,
    bootstrap_share,
    percentile_interval,
    resampled_counts,
    resampled_means,
    resampled_tallies,
    wilson,
)

VALUES = hnp.arrays(
    np.float64,
    st.integers(1, 15),
    elements=st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.1, 1 / 3]),
)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(level: float) -> None:
    for n in (1, 2, 7, 100, 12_345):
        for successes in {0, 1, n // 3, n - 1, n}:
            expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
            assert wilson(successes, n, level) == pytest.approx(tuple(expected), abs=1e-12)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_wilson_holds_the_share_and_stays_within_0_and_1(n: int, share: float) -> None:
    low, high = wilson(share * n, n)
    assert 0 <= low <= share * n / n <= high <= 1


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_symmetric(counts: tuple[int, int]) -> None:
    successes, n = counts
    low, high = wilson(successes, n)
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_of_nothing_knows_nothing() -> None:
    low, high = wilson([0, 0, 3], [0, 3, 3])
    assert low.tolist() == [0, 0, pytest.approx(0.4385, abs=1e-4)]
    assert high.tolist() == [1, pytest.approx(0.5615, abs=1e-4), 1]


@pytest.mark.parametrize("n", [10, 30, 100])
def test_wilson_covers_95_percent_on_average_over_all_shares(n: int) -> None:
    shares = np.linspace(0.005, 0.995, 199)
    low, high = wilson(np.arange(n + 1), n)
    covers = (low <= shares[:, None]) & (shares[:, None] <= high)
    coverage = (covers * stats.binom.pmf(np.arange(n + 1), n, shares[:, None])).sum(axis=1)
    assert coverage.mean() == pytest.approx(0.95, abs=0.01)
    assert coverage.min() > 0.83


@given(VALUES, st.integers(0, 100))
def test_bootstrap_intervals_hold_the_mean(values: np.ndarray, seed: int) -> None:
    for interval in (bootstrap_mean, bootstrap_share):
        low, high = interval(values, seed)
        assert values.min() - 1e-12 <= low <= values.mean() <= high <= values.max() + 1e-12 or (
            interval is bootstrap_share and np.ptp(values) == 0
        )


@pytest.mark.parametrize("shape", ["skewed", "with ties"])
def test_bca_agrees_with_scipy_on_the_same_resamples(shape: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.exponential(size=40) if shape == "skewed" else rng.integers(0, 3, 40) / 3
    replicates = resampled_means(values[:, None], 2000, seed=1)[:, 0]
    # scipy counts ties exactly; both get the same rounding.
    replicates = replicates.round(12)
    expected = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=0,
        method="BCa",
        bootstrap_result=stats._resampling.BootstrapResult(None, replicates, None),
    ).confidence_interval
    found = bca_interval(float(values.mean()), replicates, values)
    assert found == pytest.approx(tuple(expected), abs=2e-3 if shape == "with ties" else 1e-9)


def test_ties_are_seen_through_rounding() -> None:
    replicates = np.concatenate([np.linspace(1, 3, 200), np.full(200, 2.0)])
    exact = bca_interval(2.0, replicates, np.arange(9))
    assert sum(exact) == pytest.approx(4)
    assert bca_interval(2.0 * (1 + 1e-15), replicates, np.arange(9)) == pytest.approx(exact)


@pytest.mark.parametrize("value", [0.1, 1 / 3, np.log(3)])
def test_of_equal_values_the_interval_holds_the_mean_in_spite_of_rounding(value: float) -> None:
    for n in range(1, 40):
        low, high = bootstrap_mean(np.full(n, value), seed=0)
        assert low <= np.full(n, value).mean() <= high
        assert high - low < 1e-12


def test_bca_follows_skewness() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    low, high = bootstrap_mean(values, seed=0)
    assert high - values.mean() > 1.1 * (values.mean() - low)


def test_resampled_means_vary_as_theory_says() -> None:
    values = np.random.default_rng(0).normal(size=(50, 1))
    means = resampled_means(values, 20_000, seed=1)[:, 0]
    assert means.mean() == pytest.approx(values.mean(), abs=4 * means.std() / 20_000**0.5)
    assert means.var() == pytest.approx(values.var() / 50, rel=0.05)


def test_columns_of_a_row_are_resampled_together() -> None:
    values = np.random.default_rng(0).normal(size=50)
    first, second = resampled_means(np.stack([values, 2 * values + 1], axis=1), 100, seed=3).T
    np.testing.assert_allclose(second, 2 * first + 1, rtol=1e-12)


def test_many_items_are_resampled_in_pieces_that_are_all_different(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intervals, "CELLS_AT_ONCE", 250)
    means = resampled_means(np.random.default_rng(0).normal(size=(100, 1)), 7, seed=0)
    assert means.shape == (7, 1)
    assert len(np.unique(means)) == 7


def test_the_basic_interval_mirrors_the_percentile_interval() -> None:
    replicates = np.random.default_rng(0).exponential(size=1000)
    low, high = percentile_interval(replicates)
    assert (low, high) == pytest.approx(tuple(np.percentile(replicates, [2.5, 97.5])))
    assert basic_interval(1.5, replicates) == pytest.approx((3 - high, 3 - low))


def test_equal_shares_get_the_interval_of_wilson() -> None:
    assert bootstrap_share(np.ones(5), 0) == tuple(map(float, wilson(5, 5)))
    assert bootstrap_share(np.full(5, 0.4), 0) == tuple(map(float, wilson(2, 5)))


def test_resamples_are_the_same_for_every_measure_and_differ_by_seed() -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    together = resampled_means(values, 200, seed=4)
    for column in range(3):
        alone = resampled_means(values[:, [column]], 200, seed=4)
        np.testing.assert_allclose(alone[:, 0], together[:, column], rtol=1e-12)
    drawn = np.concatenate(list(resampled_counts(40, 200, 4)))
    np.testing.assert_allclose(drawn @ values / 40, together, rtol=1e-12)
    assert (drawn.sum(axis=1) == 40).all()
    assert not np.allclose(resampled_means(values, 200, seed=5), together)


def test_what_is_done_to_drawn_counts_does_not_change_the_next() -> None:
    values = np.random.default_rng(0).normal(size=(30, 1))
    before = resampled_means(values, 50, seed=8)
    for counts in resampled_counts(30, 50, 8):
        counts[:] = 0
    np.testing.assert_array_equal(resampled_means(values, 50, seed=8), before)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=20), st.integers(0, 5))
def test_tallies_count_the_rows_of_each_resample(categories: list[int], seed: int) -> None:
    given_categories = np.array(categories)
    found = resampled_tallies(given_categories, 4, 20, seed)
    for r, drawn in enumerate(np.concatenate(list(resampled_counts(len(categories), 20, seed)))):
        rows = np.repeat(given_categories, drawn.astype(int))
        assert found[r].tolist() == [(rows == c).sum() for c in range(4)]


class TestManyRows:
    """More rows than are resampled one by one: random blocks of them are."""

    N, BLOCKS = 6000, 500

    @pytest.fixture(autouse=True)
    def _few_are_many(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(intervals, "MOST_RESAMPLED", 1000)
        monkeypatch.setattr(intervals, "BLOCKS", self.BLOCKS)
        block_of_each.cache_clear()
        yield
        block_of_each.cache_clear()

    def test_blocks_are_random_and_of_equal_size(self) -> None:
        block = block_of_each(self.N + 7, 0)
        sizes = np.bincount(block, minlength=self.BLOCKS)
        assert set(sizes.tolist()) == {12, 13}
        assert abs(np.corrcoef(block, np.arange(self.N + 7))[0, 1]) < 0.05

    @pytest.mark.parametrize("kind", ["normal", "skewed", "rare"])
    def test_the_variance_is_that_of_a_mean_of_rows(self, kind: str) -> None:
        found, expected = [], []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            values = {
                "normal": rng.normal(size=self.N),
                "skewed": rng.exponential(size=self.N) ** 2,
                "rare": (rng.random(self.N) < 0.01).astype(float),
            }[kind]
            means = resampled_means(values[:, None], 1000, seed)[:, 0]
            spread = values.std() / self.N**0.5
            assert means.mean() == pytest.approx(values.mean(), abs=0.2 * spread)
            found.append(means.var())
            expected.append(spread**2)
        assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.05)

    def test_the_mean_of_equal_values_does_not_vary_though_blocks_differ_in_size(self) -> None:
        means = resampled_means(np.full((self.N + 7, 1), 0.3), 100, 0)
        np.testing.assert_allclose(means, 0.3, rtol=1e-12)

    def test_columns_and_models_stay_in_pairs(self) -> None:
        values = np.random.default_rng(0).normal(size=self.N)
        both = resampled_means(np.stack([values, 2 * values + 1], axis=1), 100, seed=3)
        np.testing.assert_allclose(both[:, 1], 2 * both[:, 0] + 1, rtol=1e-12)
        alone = resampled_means(values[:, None], 100, seed=3)
        np.testing.assert_allclose(alone[:, 0], both[:, 0], rtol=1e-9)

    @pytest.mark.parametrize("cells", [1, 1 << 22])
    def test_tallies_are_those_of_the_blocks_drawn(
        self, cells: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intervals, "CELLS_AT_ONCE", cells)
        categories = np.random.default_rng(0).integers(-1, 3, self.N + 7)
        found = resampled_tallies(categories, 3, 5, seed=1)
        block = block_of_each(self.N + 7, 1)
        for r, drawn in enumerate(np.concatenate(list(resampled_counts(self.BLOCKS, 5, 1)))):
            times = drawn[block]
            assert found[r].tolist() == [times[categories == c].sum() for c in range(3)]

    def test_the_interval_covers_a_mean_at_its_rate(self) -> None:
        worlds = 200
        bounds = np.array(
            [
                bootstrap_mean(np.random.default_rng(seed).exponential(size=2000) - 1, seed)
                for seed in range(worlds)
            ]
        )
        coverage = np.mean((bounds[:, 0] <= 0) & (bounds[:, 1] >= 0))
        assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)


def test_a_million_rows_are_resampled_within_little_memory() -> None:
    values = np.random.default_rng(0).random((1_000_000, 1))
    tracemalloc.start()
    means = resampled_means(values, 1000, seed=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert means.std() == pytest.approx(values.std() / 1000, rel=0.1)
    assert peak < 200e6


@pytest.mark.parametrize("kind", ["skewed", "rare"])
def test_above_100_000_rows_the_interval_covers_at_its_rate(kind: str) -> None:
    n, rate, worlds = intervals.MOST_RESAMPLED + 1, 0.001, 150
    truth = rate if kind == "rare" else 1.0
    hits = 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        values = (rng.random(n) < rate).astype(float) if kind == "rare" else rng.exponential(size=n)
        # One seed: the blocks are drawn once, and the rows are random in any case.
        low, high = bootstrap_mean(values, seed=0)
        hits += low <= truth <= high
    assert hits / worlds == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)


def test_blocks_of_rows_tell_what_the_rows_tell() -> None:
    n = intervals.MOST_RESAMPLED
    values = np.random.default_rng(0).exponential(size=(n + 1, 2)) ** 2
    ratios = [
        (means[:, 0] / means[:, 1]).std()
        for means in (resampled_means(values[:n]), resampled_means(values))
    ]
    assert ratios[1] == pytest.approx(ratios[0], rel=0.12)


@pytest.mark.parametrize(
    ("draw", "n"),
    [
        (lambda rng, n: rng.normal(size=n), 50),
        (lambda rng, n: rng.exponential(size=n) - 1, 200),
        (lambda rng, n: rng.integers(0, 2, n) - 0.5, 100),
    ],
    ids=["normal", "skewed", "coin"],
)
def test_the_bootstrap_covers_a_mean_at_its_rate(
    draw: Callable[[np.random.Generator, int], np.ndarray], n: int
) -> None:
    rng, worlds = np.random.default_rng(0), 400
    bounds = np.array([bootstrap_mean(draw(rng, n), seed) for seed in range(worlds)])
    coverage = np.mean((bounds[:, 0] <= 0) & (bounds[:, 1] >= 0))
    # Three standard errors of the simulation, and one percent for the approximation.
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
