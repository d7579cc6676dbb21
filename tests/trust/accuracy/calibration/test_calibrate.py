"""What is fitted on validation predictions."""

import json

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import (
    Calibrator,
    calibrate,
    calibrators,
    class_calibrations,
)
from finetrust.trust.accuracy.calibration.methods.method import methods

from ...worlds import calibrated_world, predictions_of


def test_the_calibration_is_the_temperature_and_what_it_rests_on() -> None:
    logits, targets = calibrated_world(5000, 4, seed=0)
    calibration = calibrate(predictions_of(3 * logits, targets))
    assert calibration["temperature"] == pytest.approx(3, rel=0.05)
    assert calibration["n"] == 5000
    assert "method" not in calibration


def test_another_method_is_named_beside_its_parameters() -> None:
    calibration = calibrate(predictions_of(*calibrated_world(500, 3, seed=0)), "vector")
    assert calibration["method"] == "vector"
    assert set(calibration["parameters"]) == {"factors", "offsets"}
    assert calibration["n"] == 500
    assert "temperature" not in calibration


def test_none_scales_nothing() -> None:
    fitted = calibrate(predictions_of(*calibrated_world(500, 3, seed=0)), "none")
    assert not {"temperature", "method"} & set(fitted)


def test_an_unknown_method_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'vector'"):
        calibrate(predictions_of(*calibrated_world(20, 3, seed=0)), "vectors")


def test_methods_for_logits_are_refused_where_there_are_none() -> None:
    bare = Predictions(np.array(["a"]), {"target": np.array([0])})
    with pytest.raises(UserError, match="calibration 'isotonic' takes the logits of one class"):
        calibrate(bare, "isotonic")
    assert calibrate(bare, "none") == {}


def test_every_method_can_be_asked_for() -> None:
    assert class_calibrations() == (*methods.names(), "auto", "none")


def test_a_task_without_logits_has_nothing_to_calibrate() -> None:
    assert calibrate(Predictions(np.array(["a"]), {"target": np.array([0])})) == {}


def widest(validation: Predictions) -> dict[str, float]:
    return {"widest": float(validation["width"].max())}


def test_every_calibrator_fits_what_has_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(calibrators._entries, "width", Calibrator(("width", "target"), widest))
    logits, targets = calibrated_world(200, 3, seed=0)
    both = predictions_of(logits, targets)
    both.columns["width"] = np.arange(200.0)
    assert set(calibrate(both)) >= {"temperature", "widest", "n"}
    assert "widest" not in calibrate(both, "vector")
    bare = Predictions(both.ids, {"width": np.arange(200.0), "target": targets})
    assert calibrate(bare) == {"widest": 199.0, "n": 200}
    assert calibrate(Predictions(both.ids, {"width": np.arange(200.0)})) == {}


@pytest.mark.parametrize("name", calibrators.names())
def test_what_is_kept_of_a_fit_is_json_under_a_name_of_its_own(name: str) -> None:
    calibrator = calibrators.get(name)
    assert calibrator.needs
    if not set(calibrator.needs) <= {"target", "logits"}:
        pytest.skip("has another kind of predictions, and tests of its own")
    fitted = calibrator.fit(predictions_of(*calibrated_world(50, 3, seed=0)))
    assert fitted
    assert "n" not in fitted
    assert json.loads(json.dumps(fitted)) == fitted
