"""Recall of every class."""

import numpy as np
import pytest
from hypothesis import given
from scipy import stats
from sklearn.metrics import recall_score

from finetrust.trust.accuracy.right.recall import recall

from ...worlds import evidence_of, logits_for, tables


@given(tables())
def test_it_agrees_with_scikit_learn_and_scipy(table: tuple) -> None:
    logits, targets = table
    found = list(recall(evidence_of(logits, targets)))
    present = np.unique(targets)
    predicted = logits.argmax(axis=1)
    expected = recall_score(targets, predicted, labels=present, average=None, zero_division=0)
    assert [estimate.value for estimate in found] == pytest.approx(expected.tolist())
    assert [estimate.subset for estimate in found] == [f"class={c}" for c in present]
    for c, estimate in zip(present, found, strict=True):
        of_class = targets == c
        assert estimate.n == of_class.sum()
        right = int((predicted[of_class] == c).sum())
        interval = stats.binomtest(right, estimate.n).proportion_ci(method="wilson")
        assert (estimate.ci_low, estimate.ci_high) == pytest.approx(tuple(interval), abs=1e-12)


@given(tables(answered=False))
def test_recalls_weighted_by_their_items_are_the_accuracy(table: tuple) -> None:
    logits, targets = table
    right = np.isfinite(logits).all(axis=1) & (logits.argmax(axis=1) == targets)
    found = list(recall(evidence_of(logits, targets)))
    assert sum(e.value * e.n for e in found) == pytest.approx(right.sum())


def test_a_class_without_items_is_left_out() -> None:
    evidence = evidence_of(logits_for([0, 1, 2], 3), [0, 0, 2], classes=("cat", "dog", "eel"))
    found = {estimate.subset: estimate.value for estimate in recall(evidence)}
    assert found == {"class=cat": 0.5, "class=eel": 1.0}
