"""Macro average precision and its interval."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import average_precision_score

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.right.average_precision import average_precision

from ...worlds import calibrated_world, certainty, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = average_precision(evidence_of(logits, targets, **rest))
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
    expected = [average_precision_score(targets == c, scores[:, c]) for c in present]
    found = measured(logits, targets)
    assert found.value == pytest.approx(np.mean(expected), abs=1e-12)
    curves = found.details["curves"]
    assert [curve["average_precision"] for curve in curves] == pytest.approx(expected)


def test_of_a_constant_model_it_is_how_common_the_classes_are() -> None:
    found = measured(np.zeros((40, 2)), np.arange(40) % 4 == 0)
    assert found.value == pytest.approx((0.25 + 0.75) / 2)
    assert found.ci_high - found.ci_low > 0.05


@pytest.mark.parametrize(("n", "classes", "sharpness"), [(60, 2, 1.0), (300, 6, 1.0)])
def test_the_interval_covers_the_true_value_at_its_rate(
    n: int, classes: int, sharpness: float
) -> None:
    worlds = 200
    truth = measured(*calibrated_world(100_000, classes, 0, sharpness)).value
    found = [measured(*calibrated_world(n, classes, seed, sharpness)) for seed in range(1, worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage > 0.94 - 3 * (0.95 * 0.05 / worlds) ** 0.5
    assert np.mean([e.ci_high - e.ci_low for e in found]) < 0.3
