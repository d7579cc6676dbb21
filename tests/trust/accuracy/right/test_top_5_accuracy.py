"""Top-5 accuracy."""

import numpy as np
import pytest
import torch
from scipy import stats
from torchmetrics.functional.classification import multiclass_accuracy

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.right.top_5_accuracy import top_5_accuracy

from ...worlds import calibrated_world, evidence_of, logits_for


def measured(logits: object, targets: object) -> Estimate:
    (estimate,) = top_5_accuracy(evidence_of(logits, targets))
    return estimate


def test_it_agrees_with_torchmetrics_and_scipy() -> None:
    logits, targets = calibrated_world(300, 12, seed=0)
    found = measured(logits, targets)
    given_logits, truth = torch.tensor(logits), torch.tensor(targets)
    expected = multiclass_accuracy(given_logits, truth, 12, average="micro", top_k=5)
    assert found.value == pytest.approx(float(expected), abs=1e-6)
    interval = stats.binomtest(round(found.value * 300), 300).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval), abs=1e-12)


def test_of_equal_scores_the_classes_listed_first_are_guessed() -> None:
    assert measured(np.zeros((8, 8)), np.arange(8)).value == 5 / 8


def test_an_item_without_an_answer_is_wrong() -> None:
    logits = logits_for(np.arange(6), 6)
    logits[2] = np.nan
    assert measured(logits, np.arange(6)).value == 5 / 6


@pytest.mark.parametrize("classes", [1, 5])
def test_among_five_classes_it_says_nothing(classes: int) -> None:
    with pytest.raises(NotApplicable, match=f"all of the {classes} classes"):
        measured(np.zeros((3, classes)), [0, 0, 0])
