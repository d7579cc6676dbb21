"""Precision of every class."""

import numpy as np
import pytest
from hypothesis import given
from scipy import stats
from sklearn.metrics import precision_score

from finetrust.core.errors import NotApplicable
from finetrust.trust.accuracy.right.precision import precision

from ...worlds import evidence_of, logits_for, tables


@given(tables())
def test_it_agrees_with_scikit_learn_and_scipy(table: tuple) -> None:
    logits, targets = table
    found = list(precision(evidence_of(logits, targets)))
    predicted = logits.argmax(axis=1)
    named = np.unique(predicted)
    expected = precision_score(targets, predicted, labels=named, average=None, zero_division=0)
    assert [estimate.value for estimate in found] == pytest.approx(expected.tolist())
    assert [estimate.subset for estimate in found] == [f"class={c}" for c in named]
    for c, estimate in zip(named, found, strict=True):
        of_class = predicted == c
        assert estimate.n == of_class.sum()
        right = int((targets[of_class] == c).sum())
        interval = stats.binomtest(right, estimate.n).proportion_ci(method="wilson")
        assert (estimate.ci_low, estimate.ci_high) == pytest.approx(tuple(interval), abs=1e-12)


def test_a_class_that_is_never_predicted_is_left_out() -> None:
    evidence = evidence_of(logits_for([0, 0, 2], 3), [0, 1, 2], classes=("cat", "dog", "eel"))
    found = {estimate.subset: estimate.value for estimate in precision(evidence)}
    assert found == {"class=cat": 0.5, "class=eel": 1.0}


def test_without_answers_there_is_none() -> None:
    with pytest.raises(NotApplicable, match="NaN or infinity for every item"):
        list(precision(evidence_of([[np.nan, 1]], [0])))
