"""The counts of every class, their resamples and their derivatives."""

import numpy as np
import pytest
from hypothesis import given

from finetrust.trust.accuracy.intervals import resampled_counts
from finetrust.trust.accuracy.right.balanced_accuracy import balanced_accuracy_of
from finetrust.trust.accuracy.right.cohen_kappa import cohen_kappa_of
from finetrust.trust.accuracy.right.macro_f1 import macro_f1_of
from finetrust.trust.accuracy.right.tallies import (
    Tallies,
    gradient,
    item_influence,
    resampled_tallies_of,
    tallies_of,
)

from ...worlds import calibrated_world, evidence_of, tables


def counted(targets: np.ndarray, predicted: np.ndarray, classes: int) -> list[list[int]]:
    """Return hits, targets and predictions of every class by plain loops."""
    hits, of, named = ([0] * classes for _ in range(3))
    for target, decision in zip(targets.tolist(), predicted.tolist(), strict=True):
        of[target] += 1
        if decision >= 0:
            named[decision] += 1
        hits[target] += target == decision
    return [hits, of, named]


@given(tables(answered=False))
def test_they_are_what_plain_loops_count(table: tuple) -> None:
    logits, targets = table
    found = tallies_of(evidence_of(logits, targets))
    predicted = np.where(np.isfinite(logits).all(1), np.nan_to_num(logits).argmax(1), -1)
    expected = counted(targets, predicted, logits.shape[1])
    assert [found.hits[0].tolist(), found.targets[0].tolist(), found.predicted[0].tolist()] == (
        expected
    )
    assert found.without_answer.tolist() == [(predicted < 0).sum()]


def test_a_resample_counts_the_items_that_it_holds() -> None:
    logits, targets = calibrated_world(30, 4, seed=0)
    logits[:3] = np.nan
    found = resampled_tallies_of(evidence_of(logits, targets, seed=5))
    predicted = np.where(np.isfinite(logits).all(1), np.nan_to_num(logits).argmax(1), -1)
    drawn = np.concatenate(list(resampled_counts(30, 1000, 5))).astype(int)
    for r in (0, 1, 999):
        rows = np.repeat(np.arange(30), drawn[r])
        expected = counted(targets[rows], predicted[rows], 4)
        assert [a[r].tolist() for a in (found.hits, found.targets, found.predicted)] == expected


@pytest.mark.parametrize("function", [balanced_accuracy_of, cohen_kappa_of, macro_f1_of])
def test_the_influence_of_an_item_is_what_a_little_more_of_it_changes(function: object) -> None:
    logits, targets = calibrated_world(40, 4, seed=1)
    logits[3] = np.nan
    evidence = evidence_of(logits, targets)
    found = item_influence(evidence, function)
    tallies = tallies_of(evidence)
    for item in range(6):
        more = [array.copy() for array in (tallies.hits, tallies.targets, tallies.predicted)]
        weight, target = 1e-5, targets[item]
        more[1][0, target] += weight
        if item != 3:
            more[2][0, logits[item].argmax()] += weight
            more[0][0, target] += weight * (logits[item].argmax() == target)
        change = (function(Tallies(*more)) - function(tallies))[0] / weight
        assert found[item] == pytest.approx(change, abs=1e-4)


def test_the_derivative_of_balanced_accuracy_is_that_of_the_formula() -> None:
    hits, targets = np.array([[3.0, 1]]), np.array([[4.0, 5]])
    hit, target, predicted = gradient(Tallies(hits, targets, hits), balanced_accuracy_of)
    assert hit == pytest.approx(1 / (2 * targets[0]), rel=1e-4)
    assert target == pytest.approx(-hits[0] / (2 * targets[0] ** 2), rel=1e-4)
    assert predicted.tolist() == [0, 0]
