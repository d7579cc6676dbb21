"""From logits to decisions and probabilities, whatever the logits are."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from finetrust.core.errors import NotApplicable
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.calibration.calibrate import calibrate, class_calibrations
from finetrust.trust.accuracy.probabilities import (
    NO_ANSWER,
    answered_log_probabilities,
    calibrated,
    is_right,
    keeps_answers,
    log_softmax,
    predicted_classes,
)

from ..worlds import evidence_of, predictions_of, tables

SPOILED = [[1.0, np.nan], [np.inf, 0.0], [0.0, -np.inf], [1.0, 2.0]]


@given(tables(), st.floats(0.05, 1000))
def test_log_softmax_agrees_with_scipy(table: tuple, temperature: float) -> None:
    logits, _ = table
    expected = special.log_softmax(logits.astype(np.float64) / temperature, axis=1)
    np.testing.assert_allclose(log_softmax(logits, temperature), expected, rtol=1e-12, atol=1e-12)


@given(tables(largest=2.0**127), st.floats(0.05, 1000))
def test_huge_logits_give_finite_log_probabilities(table: tuple, temperature: float) -> None:
    result = log_softmax(table[0], temperature)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(np.exp(result).sum(axis=1), 1, rtol=1e-12)


def test_the_largest_floats_give_certainty_without_a_warning() -> None:
    with np.errstate(all="raise", under="ignore"):
        result = log_softmax(np.array([[1.7e308, -1.7e308]]), 0.05)
    assert result[0, 0] == 0
    assert -np.inf < result[0, 1] < -1e99


def test_an_item_without_finite_logits_has_no_answer_and_is_wrong() -> None:
    predictions = predictions_of(SPOILED, [0, 0, 0, 1])
    assert predicted_classes(predictions).tolist() == [NO_ANSWER, NO_ANSWER, NO_ANSWER, 1]
    assert is_right(predictions).tolist() == [False, False, False, True]


def test_of_equal_logits_the_first_class_is_predicted() -> None:
    assert predicted_classes(predictions_of([[1, 2, 2], [0, 0, 0]], [0, 0])).tolist() == [1, 0]


def test_log_probabilities_leave_out_items_without_an_answer() -> None:
    evidence = evidence_of(SPOILED, [0, 0, 0, 1])
    log_probabilities, targets = answered_log_probabilities(evidence)
    assert log_probabilities.shape == (1, 2)
    assert targets.tolist() == [1]


def test_without_any_answer_there_are_no_log_probabilities() -> None:
    with pytest.raises(NotApplicable, match="NaN or infinity for every item"):
        answered_log_probabilities(evidence_of(SPOILED[:3], [0, 0, 0]))


@pytest.mark.parametrize("method", class_calibrations())
def test_calibrated_probabilities_are_those_that_predict_shows(method: str) -> None:
    rng = np.random.default_rng(0)
    logits = (5 * rng.normal(size=(20, 4))).astype(np.float32)
    calibration = calibrate(predictions_of(logits, np.arange(20) % 4), method)
    shown = tasks.get("classification").decode(
        torch.tensor(logits), [None] * 20, "abcd", calibration, 1
    )
    probabilities = calibrated(predictions_of(logits, np.zeros(20)), calibration)
    assert ["abcd"[i] for i in probabilities.argmax(1)] == [item["class"] for item in shown]
    np.testing.assert_allclose(
        probabilities.max(1), [item["probability"] for item in shown], rtol=1e-12
    )


def test_a_method_that_can_change_answers_changes_them_everywhere() -> None:
    logits = np.array([[1.0, 0.0], [3.0, 0.0]])
    calibration = {"method": "vector", "parameters": {"factors": [1, 1], "offsets": [0, 2]}}
    predictions = predictions_of(logits, [1, 0])
    assert keeps_answers({"temperature": 2.0})
    assert not keeps_answers(calibration)
    assert predicted_classes(predictions, calibration).tolist() == [1, 0]
    assert calibrated(predictions, calibration).argmax(1).tolist() == [1, 0]
    assert is_right(predictions, calibration).all()


def test_calibrated_probabilities_of_items_without_an_answer_are_nan_in_their_place() -> None:
    probabilities = calibrated(predictions_of(SPOILED, [0, 0, 0, 1]), {})
    assert np.isnan(probabilities[:3]).all()
    np.testing.assert_allclose(probabilities[3], special.softmax([1.0, 2.0]))
