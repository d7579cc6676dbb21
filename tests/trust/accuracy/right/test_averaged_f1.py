"""Micro and weighted F1."""

import numpy as np
import pytest
import torch
from hypothesis import given
from sklearn.metrics import f1_score
from torchmetrics.functional.classification import multiclass_f1_score

from finetrust.core.measure import Estimate, measures
from finetrust.trust.accuracy.intervals import wilson

from ...worlds import calibrated_world, evidence_of, logits_for, tables


def measured(name: str, logits: object, targets: object) -> Estimate:
    (estimate,) = measures.get(name).estimate(evidence_of(logits, targets))
    return estimate


@pytest.mark.parametrize("average", ["micro", "weighted"])
@given(tables(answered=False))
def test_it_agrees_with_scikit_learn(average: str, table: tuple) -> None:
    logits, targets = table
    n_classes = logits.shape[1]
    answered = np.isfinite(logits).all(axis=1)
    predicted = np.where(answered, np.nan_to_num(logits).argmax(axis=1), n_classes)
    expected = f1_score(
        targets, predicted, labels=range(n_classes), average=average, zero_division=0
    )
    assert measured(f"{average}_f1", logits, targets).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("average", ["micro", "weighted"])
def test_it_agrees_with_torchmetrics(average: str) -> None:
    logits, targets = calibrated_world(500, 7, seed=0)
    expected = multiclass_f1_score(torch.tensor(logits), torch.tensor(targets), 7, average=average)
    found = measured(f"{average}_f1", logits, targets)
    assert found.value == pytest.approx(float(expected), abs=1e-6)


def test_micro_f1_is_the_accuracy_where_every_item_has_an_answer() -> None:
    logits, targets = calibrated_world(80, 4, seed=0)
    found, accuracy = measured("micro_f1", logits, targets), measured("accuracy", logits, targets)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(
        (accuracy.value, accuracy.ci_low, accuracy.ci_high), abs=1e-12
    )


def test_an_item_without_an_answer_counts_half() -> None:
    logits = logits_for([0, 0, 1, 1], 2)
    logits[1] = np.nan
    found = measured("micro_f1", logits, [0, 0, 1, 1])
    assert found.value == pytest.approx(3 / 3.5)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(map(float, wilson(3, 3.5))))


def test_weighted_f1_follows_the_frequent_class() -> None:
    targets = np.repeat([0, 1], [90, 10])
    found = measured("weighted_f1", logits_for(np.zeros(100, int), 2), targets)
    assert found.value == pytest.approx(0.9 * 2 * 90 / 190)
