"""Macro F1 and its interval."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from torchmetrics.functional.classification import multiclass_f1_score

from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.right.macro_f1 import macro_f1

from ...worlds import evidence_of, logits_for, tables


def measured(logits: np.ndarray, targets: np.ndarray, seed: int = 0) -> Estimate:
    (estimate,) = macro_f1(evidence_of(logits, targets, seed=seed))
    return estimate


@given(tables())
def test_it_agrees_with_scikit_learn(table: tuple) -> None:
    logits, targets = table
    expected = f1_score(targets, logits.argmax(axis=1), average="macro", zero_division=0)
    assert measured(logits, targets).value == pytest.approx(expected, abs=1e-12)


def test_it_agrees_with_torchmetrics_where_every_class_occurs() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(500, 7)), rng.integers(0, 7, 500)
    expected = multiclass_f1_score(torch.tensor(logits), torch.tensor(targets), 7, average="macro")
    assert measured(logits, targets).value == pytest.approx(float(expected), abs=1e-6)


@given(tables(answered=False), st.integers(0, 100))
def test_it_lies_in_its_interval(table: tuple, seed: int) -> None:
    logits, targets = table
    found = measured(logits, targets, seed)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1


def test_an_item_without_an_answer_is_a_miss_of_its_class_only() -> None:
    logits = logits_for([0, 0, 1, 1], 2)
    logits[1] = np.nan
    found = measured(logits, np.array([0, 0, 1, 1]))
    assert found.value == pytest.approx((2 / 3 + 1) / 2)


def test_a_constant_model_scores_on_one_class_only() -> None:
    targets = np.repeat(np.arange(4), 25)
    found = measured(logits_for(np.zeros(100, int), 4), targets)
    assert found.value == pytest.approx(2 * 0.25 / 1.25 / 4)


@pytest.mark.parametrize(("shift", "value"), [(0, 1.0), (1, 0.0)])
def test_where_all_items_are_right_or_all_wrong_the_interval_is_that_of_the_accuracy(
    shift: int, value: float
) -> None:
    targets = np.arange(9) % 3
    found = measured(logits_for((targets + shift) % 3, 3), targets)
    assert found.value == value
    assert (found.ci_low, found.ci_high) == tuple(map(float, wilson(9 * value, 9)))


def test_the_interval_covers_the_true_value_at_its_rate() -> None:
    rng, classes, worlds = np.random.default_rng(0), 10, 200

    def world(n: int) -> tuple[np.ndarray, np.ndarray]:
        targets = rng.integers(0, classes, n)
        logits = rng.normal(size=(n, classes))
        logits[np.arange(n), targets] += 1.5
        return logits, targets

    logits, targets = world(300_000)
    truth = f1_score(targets, logits.argmax(axis=1), average="macro")
    found = [measured(*world(150), seed) for seed in range(worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
