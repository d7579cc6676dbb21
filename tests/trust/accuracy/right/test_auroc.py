"""Macro AUROC and its interval."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import roc_auc_score

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.probabilities import log_softmax
from finetrust.trust.accuracy.right.auroc import auroc

from ...worlds import calibrated_world, certainty, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = auroc(evidence_of(logits, targets, **rest))
    return estimate


@given(tables(min_items=2))
def test_it_agrees_with_scikit_learn(table: tuple) -> None:
    logits, targets = table
    present = [c for c in range(logits.shape[1]) if 0 < (targets == c).sum() < len(targets)]
    if not present:
        with pytest.raises(NotApplicable, match="all of one class"):
            measured(logits, targets)
        return
    scores = certainty(logits)
    expected = [roc_auc_score(targets == c, scores[:, c]) for c in present]
    found = measured(logits, targets)
    assert found.value == pytest.approx(np.mean(expected), abs=1e-12)
    assert [curve["auroc"] for curve in found.details["curves"]] == pytest.approx(expected)
    assert [curve["class"] for curve in found.details["curves"]] == list(map(str, present))


@pytest.mark.parametrize("factor", [1, 30, 100])
def test_the_surest_items_keep_their_order_where_their_probability_is_rounded_to_one(
    factor: float,
) -> None:
    logits, targets = calibrated_world(800, 2, seed=0)
    expected = roc_auc_score(targets, logits[:, 1] - logits[:, 0])
    found = measured(factor * logits, targets)
    assert [curve["auroc"] for curve in found.details["curves"]] == pytest.approx([expected] * 2)


def test_the_probabilities_are_those_that_are_shown() -> None:
    logits, targets = calibrated_world(300, 4, seed=0)
    found = measured(logits, targets, calibration={"temperature": 5.0})
    p = np.exp(log_softmax(logits, 5.0))
    assert found.value == pytest.approx(roc_auc_score(targets, p, multi_class="ovr"))
    assert found.value != measured(logits, targets).value


def test_items_without_an_answer_are_left_out() -> None:
    logits, targets = calibrated_world(50, 3, seed=0)
    spoiled, more = np.vstack([logits, np.full((2, 3), np.nan)]), np.append(targets, [0, 1])
    found = measured(spoiled, more)
    assert (found.value, found.n) == (measured(logits, targets).value, 50)
    with pytest.raises(NotApplicable, match="NaN or infinity for every item"):
        measured(np.full((3, 3), np.nan), [0, 1, 2])


def test_a_constant_model_guesses() -> None:
    found = measured(np.zeros((40, 2)), np.arange(40) % 2)
    assert found.value == 0.5
    assert found.ci_low < 0.46
    assert found.ci_high > 0.54


def test_a_planted_order_has_its_share_of_pairs() -> None:
    # Scores of class 1: negatives 0, 1, 2 and positives 1.5, 3: five of six pairs are in order.
    logits = np.stack([np.zeros(5), [0, 1, 2, 1.5, 3]], axis=1)
    assert measured(logits, [0, 0, 0, 1, 1]).value == pytest.approx(5 / 6)


def test_curves_of_many_classes_share_their_points() -> None:
    logits, targets = calibrated_world(3000, 40, seed=0)
    many = measured(logits, targets).details["curves"]
    assert len(many) == 40
    assert all(len(curve["true_positive_rate"]) <= 100 for curve in many)
    for curve in many:
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(curve["auroc"], abs=0.01)


@pytest.mark.parametrize(("n", "classes", "sharpness"), [(40, 2, 1.0), (80, 6, 3.0)])
def test_the_interval_covers_the_true_value_at_its_rate(
    n: int, classes: int, sharpness: float
) -> None:
    worlds = 200
    truth = measured(*calibrated_world(100_000, classes, 0, sharpness)).value
    found = [measured(*calibrated_world(n, classes, seed, sharpness)) for seed in range(1, worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage > 0.95 - 3 * (0.95 * 0.05 / worlds) ** 0.5
    assert np.mean([e.ci_high - e.ci_low for e in found]) < 0.35
