"""Confidence on errors."""

import numpy as np
import pytest
from hypothesis import given

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.confidence_on_errors import confidence_on_errors

from ...worlds import calibrated_world, evidence_of, tables


def measured(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = confidence_on_errors(evidence_of(logits, targets, **rest))
    return estimate


@given(tables())
def test_it_is_the_mean_confidence_of_wrong_answers(table: tuple) -> None:
    logits, targets = table
    p = np.exp(logits - np.logaddexp.reduce(logits.astype(float), axis=1, keepdims=True))
    wrong = p.argmax(axis=1) != targets
    if not wrong.any():
        with pytest.raises(NotApplicable, match="no answer is wrong"):
            measured(logits, targets)
        return
    found = measured(logits, targets)
    assert found.n == wrong.sum()
    assert found.value == pytest.approx(p[wrong].max(axis=1).mean(), abs=1e-9)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1


def test_sure_errors_are_counted() -> None:
    logits = np.log([[0.95, 0.05], [0.6, 0.4], [0.99, 0.01]])
    found = measured(logits, [1, 1, 0])
    assert found.details == {"sure_errors": 1, "sure": 0.9}
    assert found.value == pytest.approx(0.775)


def test_its_replicates_leave_out_right_answers() -> None:
    found = measured(*calibrated_world(500, 3, seed=0))
    assert found.replicates is not None
    assert found.replicates().mean() == pytest.approx(found.value, abs=0.005)


def test_the_interval_covers_the_true_value() -> None:
    truth = measured(*calibrated_world(300_000, 5, seed=10_000)).value
    found = [measured(*calibrated_world(200, 5, seed), seed=seed) for seed in range(200)]
    covered = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert covered == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / 200) ** 0.5 + 0.01)
