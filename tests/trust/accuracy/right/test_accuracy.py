"""Accuracy and its confusion matrix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, confusion_matrix

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.right.accuracy import accuracy

from ...worlds import evidence_of, logits_for, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = accuracy(evidence_of(logits, targets, **rest))
    return estimate


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(tables())
def test_it_agrees_with_scikit_learn_and_scipy(table: tuple) -> None:
    logits, targets = table
    n, classes = logits.shape
    found = measured(logits, targets)
    predicted = logits.argmax(axis=1)
    assert found.value == pytest.approx(accuracy_score(targets, predicted), abs=1e-15)
    expected = confusion_matrix(targets, predicted, labels=range(classes))
    assert found.details["confusion"] == expected.tolist()
    right = int((targets == predicted).sum())
    interval = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval), abs=1e-12)
    assert found.n == n


@given(tables(answered=False), st.integers(0, 100))
def test_the_order_of_the_items_does_not_matter(table: tuple, seed: int) -> None:
    logits, targets = table
    order = np.random.default_rng(seed).permutation(len(targets))
    assert measured(logits, targets) == measured(logits[order], targets[order])


def test_an_item_without_an_answer_is_wrong_and_stands_in_no_column() -> None:
    found = measured([[np.nan, 1], [2, 1], [1, 2]], [1, 0, 1])
    assert found.value == pytest.approx(2 / 3)
    assert found.details["no_answer"] == 1
    assert found.details["confusion"] == [[1, 0], [0, 1]]


def test_the_confusion_matrix_is_named() -> None:
    found = measured(logits_for([0, 1], 3), [0, 2], classes=("cat", "dog", "eel"))
    assert found.details["classes"] == ["cat", "dog", "eel"]
    assert found.details["confusion"][2] == [0, 1, 0]


def test_one_right_item_proves_little() -> None:
    found = measured([[1, 0]], [0])
    assert (found.value, found.ci_high) == (1, 1)
    assert found.ci_low == pytest.approx(0.2065, abs=1e-4)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
def test_the_interval_covers_the_true_accuracy_at_its_rate(share: float) -> None:
    n = 200
    bounds = []
    for right in range(n + 1):
        targets = (np.arange(n) >= right).astype(int)
        found = measured(logits_for(np.zeros(n, int), 2), targets)
        bounds.append((found.ci_low, found.ci_high))
    low, high = np.array(bounds).T
    chance = stats.binom.pmf(np.arange(n + 1), n, share)
    assert chance[(low <= share) & (share <= high)].sum() == pytest.approx(0.95, abs=0.02)
