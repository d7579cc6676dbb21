"""Intervals for the worst of several groups and for the gap between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import studentized_range

from finetrust.trust.accuracy.groups.simultaneous import (
    GroupFigures,
    bonferroni_z,
    gap_of,
    highest_of,
    lowest_of,
    range_z,
)
from finetrust.trust.accuracy.intervals import wilson

SIMULATED = 1000


def shares(hits: object, n: object) -> GroupFigures:
    hits, n = np.broadcast_arrays(hits, n)
    return GroupFigures(hits / n, *wilson(hits, n), n, share=True, highest=1.0)


def losses(values: np.ndarray) -> GroupFigures:
    """Means of the rows, with intervals of their normal approximation."""
    mean, half = values.mean(axis=1), 1.96 * values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
    n = np.full(len(values), values.shape[1])
    return GroupFigures(mean, mean - half, mean + half, n, lowest=0.0)


@st.composite
def groups(draw: st.DrawFn) -> GroupFigures:
    n = draw(hnp.arrays(np.int64, st.integers(2, 6), elements=st.integers(1, 500)))
    hits = draw(hnp.arrays(np.float64, len(n), elements=st.floats(0, 1))) * n
    figures = shares(hits.round(), n)
    if draw(st.booleans()):
        return figures
    return GroupFigures(figures.value, figures.low, figures.high, n, lowest=0.0, highest=1.0)


@pytest.mark.parametrize("k", [2, 3, 7, 40])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_the_critical_range_is_that_of_tukey(k: int, level: float) -> None:
    expected = studentized_range.ppf(level, k, np.inf) / np.sqrt(2)
    assert range_z(k, level) == pytest.approx(expected, abs=1e-6)


def test_the_gap_of_two_shares_is_the_published_example() -> None:
    # Newcombe 1998, table II, (a): 56/70 - 48/80, method 10.
    gap = gap_of(shares([56, 48], [70, 80]))
    assert gap == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_bounds_of_shares_are_wilsons_at_the_higher_level() -> None:
    found = lowest_of(shares([45, 40, 48], 50))
    level = 1 - 0.05 / 3
    assert found[0] == 1
    assert found[1] == pytest.approx(float(wilson(40, 50, level)[0]))
    assert found[2] == pytest.approx(float(wilson(40, 50, level)[1]))


def test_bounds_of_other_figures_are_stretched_but_stay_in_range() -> None:
    figures = GroupFigures(
        np.array([0.1, 0.5]), np.array([0.01, 0.3]), np.array([0.2, 0.6]), np.array([9, 9]),
        lowest=0.0,
    )  # fmt: skip
    low, high = figures.at(2 * 1.959964)
    assert low == pytest.approx([0, 0.1], abs=1e-6)
    assert high == pytest.approx([0.3, 0.7], abs=1e-6)


@given(groups())
def test_intervals_hold_the_values_and_stay_in_range(figures: GroupFigures) -> None:
    at, low, high = lowest_of(figures)
    assert figures.value[at] == figures.value.min()
    assert 0 <= low <= figures.value[at] <= high <= 1
    at, low, high = highest_of(figures)
    assert figures.value[at] == figures.value.max()
    assert 0 <= low <= figures.value[at] <= high <= 1
    gap, low, high = gap_of(figures)
    assert gap == np.ptp(figures.value)
    assert 0 <= low <= gap <= high <= 1 + 1e-12


@given(groups(), st.randoms(use_true_random=False))
def test_the_order_of_the_groups_does_not_matter(figures: GroupFigures, random) -> None:
    order = np.array(random.sample(range(len(figures.n)), len(figures.n)))
    other = GroupFigures(
        figures.value[order], figures.low[order], figures.high[order], figures.n[order],
        figures.share, figures.lowest, figures.highest,
    )  # fmt: skip
    assert gap_of(figures) == pytest.approx(gap_of(other))
    assert lowest_of(figures)[1:] == pytest.approx(lowest_of(other)[1:])


def test_the_highest_mirrors_the_lowest() -> None:
    figures = shares([45, 40, 48], 50)
    mirrored = shares([5, 10, 2], 50)
    at, low, high = highest_of(mirrored)
    assert (at, 1 - high, 1 - low) == pytest.approx(lowest_of(figures))


@pytest.mark.parametrize("truth", [[0.9] * 4, [0.9, 0.9, 0.9, 0.7], [0.9] * 12])
def test_intervals_of_shares_cover_the_truth(truth: list[float]) -> None:
    rng = np.random.default_rng(0)
    worst, gap = min(truth), max(truth) - min(truth)
    covered = np.zeros(2)
    for _ in range(SIMULATED):
        figures = shares(rng.binomial(200, truth), 200)
        _, low, high = lowest_of(figures)
        _, least, most = gap_of(figures)
        covered += [low <= worst <= high, least <= gap <= most]
    assert (covered / SIMULATED > 0.95 - 3 * 0.0069).all()


def test_the_plain_interval_of_the_group_that_looks_worst_would_not_cover() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(SIMULATED):
        figures = shares(rng.binomial(200, [0.9] * 12), 200)
        at = figures.value.argmin()
        covered += figures.low[at] <= 0.9 <= figures.high[at]
    assert covered / SIMULATED < 0.8


@pytest.mark.parametrize("truth", [[0.3] * 4, [0.3, 0.3, 0.6]])
def test_intervals_of_means_cover_the_truth(truth: list[float]) -> None:
    rng = np.random.default_rng(1)
    covered = np.zeros(2)
    for _ in range(SIMULATED):
        figures = losses(rng.exponential(np.array(truth)[:, None], (len(truth), 200)))
        _, low, high = highest_of(figures)
        _, least, most = gap_of(figures)
        covered += [low <= max(truth) <= high, least <= np.ptp(truth) <= most]
    assert (covered / SIMULATED > 0.95 - 3 * 0.0069).all()


def test_one_bound_alone_is_the_usual_one() -> None:
    assert bonferroni_z(1) == pytest.approx(1.959964, abs=1e-6)
