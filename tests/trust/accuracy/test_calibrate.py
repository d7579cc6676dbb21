"""What is fitted on validation predictions."""

import numpy as np
import pytest

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibrate import calibrate

from ..worlds import calibrated_world, predictions_of


def test_the_calibration_is_the_temperature_and_what_it_rests_on() -> None:
    logits, targets = calibrated_world(5000, 4, seed=0)
    calibration = calibrate(predictions_of(3 * logits, targets))
    assert calibration == {"temperature": pytest.approx(3, rel=0.05), "n": 5000}


def test_a_task_without_logits_has_nothing_to_calibrate() -> None:
    assert calibrate(Predictions(np.array(["a"]), {"target": np.array([0])})) == {}
