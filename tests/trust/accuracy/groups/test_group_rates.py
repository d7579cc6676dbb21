"""Rates of predictions in groups and the largest gap between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.groups.group_rates import GroupCounts, largest_gap

SIMULATED = 400


def odds(counts: GroupCounts) -> tuple[np.ndarray, np.ndarray]:
    """Return numerators and denominators of the true and the false positive rates."""
    both = zip(counts.true_positives(), counts.false_positives(), strict=True)
    hits, n = (np.concatenate(pair, axis=1) for pair in both)
    return hits, n


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    classes, groups = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n = draw(st.integers(groups, 60))
    group = rng.permutation(np.arange(n) % groups)
    return group, rng.integers(0, classes, n), rng.integers(-1, classes, n), classes


@given(answers())
def test_counts_are_those_of_plain_loops(world: tuple) -> None:
    group, targets, predicted, classes = world
    counts = GroupCounts.of(*world)
    for g in range(group.max() + 1):
        for c in range(classes):
            of = [(t, p) for a, t, p in zip(group, targets, predicted, strict=True) if a == g]
            assert counts.true_positives()[0][g, c] == sum(t == p == c for t, p in of)
            assert counts.true_positives()[1][g, c] == sum(t == c for t, p in of)
            assert counts.false_positives()[0][g, c] == sum(t != c == p for t, p in of)
            assert counts.false_positives()[1][g, c] == sum(t != c for t, p in of)
            assert counts.selections()[0][g, c] == sum(p == c for t, p in of)
            assert counts.selections()[1][g, c] == len(of)


def test_rates_of_few_items_are_left_out() -> None:
    hits, n = np.array([[9, 5], [0, 20]]), np.array([[9, 10], [50, 40]])
    gap = largest_gap(hits, n)
    assert gap is not None
    assert (gap.rate, gap.value, gap.n) == (1, 0.0, 50)
    assert largest_gap(hits[:, :1], n[:, :1]) is None


@given(answers())
def test_the_gap_lies_in_its_interval(world: tuple) -> None:
    hits, n = odds(GroupCounts.of(*world))
    gap = largest_gap(hits, n)
    if gap is not None:
        assert 0 <= gap.low <= gap.value <= gap.high <= 1 + 1e-12
        highest, lowest = (hits[g, gap.rate] / n[g, gap.rate] for g in (gap.highest, gap.lowest))
        assert highest - lowest == pytest.approx(gap.value)


@pytest.mark.parametrize(("accuracy", "above_zero"), [((0.9, 0.9), 0.05), ((0.9, 0.6), 1.0)])
def test_the_interval_covers_the_true_gap(accuracy: tuple, above_zero: float) -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 300)
    covered = above = 0
    for _ in range(SIMULATED):
        targets = rng.integers(0, 3, 600)
        right = rng.random(600) < np.array(accuracy)[group]
        predicted = np.where(right, targets, (targets + rng.integers(1, 3, 600)) % 3)
        gap = largest_gap(*odds(GroupCounts.of(group, targets, predicted, 3)))
        assert gap is not None
        covered += gap.low <= accuracy[0] - accuracy[1] <= gap.high
        above += gap.low > 0
    assert covered / SIMULATED > 0.95 - 3 * 0.011
    assert above / SIMULATED == pytest.approx(above_zero, abs=3 * 0.011)
