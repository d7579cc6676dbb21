"""Balanced accuracy and its interval."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import balanced_accuracy_score

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.right.balanced_accuracy import balanced_accuracy, effective_items

from ...worlds import evidence_of, logits_for, tables


def measured(logits: object, targets: object) -> Estimate:
    (estimate,) = balanced_accuracy(evidence_of(logits, targets))
    return estimate


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@given(tables())
def test_it_agrees_with_scikit_learn(table: tuple) -> None:
    logits, targets = table
    expected = balanced_accuracy_score(targets, logits.argmax(axis=1))
    assert measured(logits, targets).value == pytest.approx(expected, abs=1e-12)


def test_a_rare_class_counts_as_much_as_a_frequent_one() -> None:
    targets = np.repeat([0, 1], [99, 1])
    assert measured(logits_for(np.zeros(100, int), 2), targets).value == 0.5


def test_where_all_items_are_right_the_rare_class_makes_the_interval_wide() -> None:
    even, skewed = np.repeat([0, 1], [50, 50]), np.repeat([0, 1], [98, 2])
    found = [measured(logits_for(targets, 2), targets) for targets in (even, skewed)]
    assert found[0].ci_low == pytest.approx(float(wilson(100, 100)[0]))
    assert found[1].ci_low == pytest.approx(_low(effective_items(*np.array([[98.0, 2]] * 2))))
    assert found[1].ci_low < 0.7


def _low(n: float) -> float:
    """Return the lower Wilson bound of n of n."""
    return n / (n + 1.959964**2)


def test_as_many_items_as_there_are_count_where_the_classes_are_even() -> None:
    targets = np.array([20.0, 20, 0, 20])
    assert effective_items(0.5 * targets, targets) == pytest.approx(60)
    targets = np.array([30.0, 10])
    assert effective_items(0.5 * targets, targets) < 40


def test_a_rare_class_that_is_all_right_by_chance_does_not_make_the_interval_narrow() -> None:
    """Eight of eight are right in 27 % of the samples where each is with 85 %; no resample varies them."""
    rng, worlds, shares, sizes = np.random.default_rng(0), 300, np.array([0.95, 0.85]), [990, 8]
    targets = np.repeat([0, 1], sizes)
    covered = 0
    for _ in range(worlds):
        right = rng.random(len(targets)) < shares[targets]
        found = measured(logits_for(np.where(right, targets, 1 - targets), 2), targets)
        covered += found.ci_low <= shares.mean() <= found.ci_high
    assert covered / worlds > 0.93


def test_a_model_that_always_says_one_class_is_not_surely_at_one_half() -> None:
    targets = np.repeat([0, 1], [9, 3])
    found = measured(logits_for(np.zeros(12, int), 2), targets)
    assert found.value == 0.5
    assert found.ci_low < 0.35
    assert found.ci_high > 0.65


def test_the_interval_covers_the_true_value_at_its_rate() -> None:
    rng, worlds, shares = np.random.default_rng(0), 300, np.array([0.95, 0.8, 0.6])
    covered = 0
    for _ in range(worlds):
        targets = rng.choice(3, 120, p=[0.6, 0.3, 0.1])
        right = rng.random(120) < shares[targets]
        found = measured(logits_for(np.where(right, targets, (targets + 1) % 3), 3), targets)
        covered += found.ci_low <= shares.mean() <= found.ci_high
    assert covered / worlds == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
