"""The calibration error before and after temperature scaling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.accuracy.calibration.ece import ece, ece_before_calibration
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.intervals import resampled_counts

from ...worlds import calibrated_world, evidence_of, predictions_of, tables


def after(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece(evidence_of(logits, targets, **rest))
    return estimate


def before(logits: object, targets: object, **rest: object) -> Estimate:
    (estimate,) = ece_before_calibration(evidence_of(logits, targets, **rest))
    return estimate


def test_a_calibrated_model_has_none_that_could_be_told_from_noise() -> None:
    found = after(*calibrated_world(5000, 10, seed=0))
    assert found.value < 0.03
    assert found.ci_low == 0
    assert found.details["after"] is None


def test_an_overconfident_model_is_found_out_and_mended_by_its_temperature() -> None:
    logits, targets = calibrated_world(5000, 10, seed=0)
    calibration = {"temperature": fit_temperature(3 * logits, targets)}
    unseen, truth = calibrated_world(5000, 10, seed=1)
    raw = before(3 * unseen, truth, calibration=calibration)
    mended = after(3 * unseen, truth, calibration=calibration)
    assert raw.ci_low > 0.2
    assert mended.value < 0.03
    assert mended.ci_low == 0


def test_the_diagrams_are_those_before_and_after_the_temperature() -> None:
    logits, targets = calibrated_world(200, 3, seed=0)
    found = after(logits, targets, calibration={"temperature": 2.0})
    assert found.details["temperature"] == 2.0
    assert found.details["before"] == after(logits, targets).details["before"]
    assert found.details["after"] == after(logits / 2, targets).details["before"]
    assert found.value == after(logits / 2, targets).value
    raw = before(logits, targets, calibration={"temperature": 2.0})
    assert raw.value == after(logits, targets).value


def test_other_methods_have_diagrams_before_and_after_too() -> None:
    logits, targets = calibrated_world(500, 3, seed=0)
    calibration = calibrate(predictions_of(3 * logits, targets), "vector")
    found = after(3 * logits, targets, calibration=calibration)
    assert found.details["method"] == "vector"
    assert found.details["temperature"] is None
    assert found.details["after"] is not None
    assert found.value < before(3 * logits, targets, calibration=calibration).value


def test_the_histogram_counts_right_and_wrong_answers() -> None:
    logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]])
    histogram = after(logits, [0, 1, 0]).details["histogram"]
    assert histogram["edges"] == pytest.approx(np.linspace(0, 1, 16).tolist())
    assert (np.flatnonzero(histogram["right"]).tolist(), sum(histogram["right"])) == ([8, 13], 2)
    assert (np.flatnonzero(histogram["wrong"]).tolist(), sum(histogram["wrong"])) == ([13], 1)


def test_replicates_are_the_error_of_the_resampled_items() -> None:
    logits, targets = calibrated_world(40, 3, seed=0)
    found = after(logits, targets, seed=5)
    assert found.replicates is not None
    (counts,) = resampled_counts(40, 1000, 5)
    rows = np.repeat(np.arange(40), counts[3].astype(int))
    assert found.replicates()[3] == pytest.approx(after(logits[rows], targets[rows]).value)


def test_without_a_temperature_there_is_no_before() -> None:
    with pytest.raises(NotApplicable, match="no calibration was fitted"):
        before(*calibrated_world(10, 3, seed=0))


@given(tables(answered=False), st.sampled_from([0.05, 1.0, 30.0]))
def test_it_rests_on_the_items_with_an_answer(table: tuple, temperature: float) -> None:
    logits, targets = table
    answered = np.isfinite(logits).all(axis=1)
    calibration = {"temperature": temperature}
    if not answered.any():
        with pytest.raises(NotApplicable, match="every item"):
            after(logits, targets, calibration=calibration)
        return
    found = after(logits, targets, calibration=calibration)
    assert found.n == answered.sum()
    assert found == after(logits[answered], targets[answered], calibration=calibration)
    assert 0 <= found.ci_low <= found.value <= found.ci_high <= 1
