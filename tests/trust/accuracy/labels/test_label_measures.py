"""The measures of labels, against scikit-learn and torchmetrics, and where the answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from scipy.special import expit
from sklearn import metrics
from torchmetrics.functional.classification import (
    multilabel_average_precision,
    multilabel_ranking_average_precision,
)

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate, measures
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.labels.label_threshold import best_threshold

from .worlds_of_labels import label_tables, labelled, random_labels

NAMES = (
    "hamming_loss",
    "label_average_precision",
    "label_ece",
    "label_macro_f1",
    "label_micro_f1",
    "label_ranking_average_precision",
    "subset_accuracy",
)


def measured(name: str, logits: object, targets: object, **rest: object) -> dict[str, Estimate]:
    estimates = measures.get(name).estimate(labelled(logits, targets, **rest))
    return {estimate.subset: estimate for estimate in estimates}


@given(label_tables())
def test_decisions_are_judged_as_by_scikit_learn(table: tuple) -> None:
    logits, targets = table
    given_labels = (expit(logits.astype(float)) >= 0.5).astype(int)
    whole = measured("subset_accuracy", logits, targets)[""].value
    assert whole == pytest.approx(metrics.accuracy_score(targets, given_labels))
    wrong = measured("hamming_loss", logits, targets)[""].value
    assert wrong == pytest.approx(metrics.hamming_loss(targets, given_labels))
    assume(targets.any() or given_labels.any())
    micro = measured("label_micro_f1", logits, targets)
    expected = metrics.f1_score(targets, given_labels, average="micro", zero_division=0)
    assert micro[""].value == pytest.approx(expected)
    used = (targets | given_labels).any(axis=0)
    each = metrics.f1_score(targets, given_labels, average=None, zero_division=0)[used]
    assert [micro[f"label={i}"].value for i in np.flatnonzero(used)] == pytest.approx(each.tolist())
    macro = measured("label_macro_f1", logits, targets)[""].value
    assert macro == pytest.approx(each.mean())


@given(label_tables())
def test_rankings_are_judged_as_by_scikit_learn(table: tuple) -> None:
    logits, targets = table
    assume(targets.any())
    some = targets.any(axis=1)
    found = measured("label_ranking_average_precision", logits, targets)[""]
    expected = metrics.label_ranking_average_precision_score(targets[some], logits[some])
    assert found.value == pytest.approx(expected)
    assert found.n == some.sum()
    occurring = np.flatnonzero(targets.any(axis=0))
    found = measured("label_average_precision", logits, targets)
    each = [metrics.average_precision_score(targets[:, c], logits[:, c]) for c in occurring]
    assert [found[f"label={c}"].value for c in occurring] == pytest.approx(each)
    assert found[""].value == pytest.approx(np.mean(each))


def test_rankings_are_judged_as_by_torchmetrics() -> None:
    logits, targets = random_labels(300, 6, seed=0)
    scores, truth = torch.tensor(logits), torch.tensor(targets)
    some = truth.any(dim=1)
    expected = multilabel_ranking_average_precision(scores[some], truth[some], 6)
    found = measured("label_ranking_average_precision", logits, targets)[""].value
    assert found == pytest.approx(float(expected), abs=1e-6)
    expected = multilabel_average_precision(scores, truth, 6, average="macro")
    found = measured("label_average_precision", logits, targets)[""].value
    assert found == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@given(label_tables(answered=False))
def test_values_lie_in_their_intervals(name: str, table: tuple) -> None:
    try:
        found = measured(name, *table)
    except NotApplicable:
        return
    for estimate in found.values():
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert 1 <= estimate.n <= len(table[0])


def test_an_item_without_an_answer_has_no_label_and_ranks_last() -> None:
    logits, targets = np.array([[4.0, 4.0], [np.nan, 4.0]]), np.array([[1, 1], [1, 0]])
    assert measured("subset_accuracy", logits, targets)[""].value == 0.5
    assert measured("label_micro_f1", logits, targets)[""].value == pytest.approx(4 / 5)
    ranking = measured("label_average_precision", logits, targets)
    assert ranking["label=0"].value == 1.0
    assert measured("label_ece", logits, targets)[""].n == 1


def test_the_threshold_of_the_calibration_decides() -> None:
    logits, targets = np.log([[0.3 / 0.7, 0.2 / 0.8]]), [[1, 0]]
    assert measured("subset_accuracy", logits, targets)[""].value == 0.0
    chosen = {"label_threshold": 0.25}
    assert measured("subset_accuracy", logits, targets, calibration=chosen)[""].value == 1.0


@given(label_tables())
def test_no_threshold_has_a_higher_f1_than_the_best_one(table: tuple) -> None:
    logits, targets = table
    probabilities = 1 / (1 + np.exp(-logits.astype(float)))
    assume(targets.any())

    def f1(threshold: float) -> float:
        return metrics.f1_score(
            targets, probabilities >= threshold, average="micro", zero_division=0
        )

    best = f1(best_threshold(probabilities, targets.astype(bool)))
    assert all(f1(threshold) <= best + 1e-12 for threshold in np.unique(probabilities))


def test_the_threshold_is_fitted_on_validation_predictions() -> None:
    probabilities = np.array([[0.4, 0.2], [0.35, 0.1], [0.22, 0.05]])
    evidence = labelled(np.log(probabilities / (1 - probabilities)), [[1, 0], [1, 0], [0, 0]])
    assert calibrate(evidence.clean)["label_threshold"] == pytest.approx((0.35 + 0.22) / 2)


def test_a_calibrated_model_has_no_significant_calibration_error() -> None:
    found = measured("label_ece", *random_labels(2000, 4, seed=1))[""]
    assert found.ci_low == 0.0
    assert found.value < 0.03
    logits, targets = random_labels(2000, 4, seed=1)
    overconfident = measured("label_ece", 3 * logits, targets)[""]
    assert overconfident.ci_low > 0.05


def test_perfect_answers_still_have_an_interval() -> None:
    targets = np.eye(3, dtype=int)[np.arange(9) % 3]
    for name in ("label_micro_f1", "label_macro_f1", "label_average_precision", "subset_accuracy"):
        found = measured(name, 9.0 * targets - 4.5, targets)[""]
        assert (found.value, found.ci_high) == (1.0, 1.0)
        assert found.ci_low == pytest.approx(float(wilson(9, 9)[0]))


def test_without_any_label_there_is_nothing_to_judge() -> None:
    for name in ("label_micro_f1", "label_average_precision", "label_ranking_average_precision"):
        with pytest.raises(NotApplicable, match="no item has a label"):
            measured(name, -np.ones((3, 2)), np.zeros((3, 2)))


@pytest.mark.parametrize("name", ["label_micro_f1", "label_macro_f1", "label_average_precision"])
def test_the_interval_covers_the_true_value_at_its_rate(name: str) -> None:
    truth = measured(name, *random_labels(20_000, 4, 10_000))[""].value
    worlds = 100
    found = [measured(name, *random_labels(200, 4, seed), seed=seed)[""] for seed in range(worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
