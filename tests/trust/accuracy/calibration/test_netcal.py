"""Errors and calibrators agree with netcal (Küppers et al. 2020)."""

import numpy as np
import pytest
from scipy.special import softmax

from finetrust.trust.accuracy.calibration.mce import maximum_calibration_error
from finetrust.trust.accuracy.calibration.methods.method import methods
from finetrust.trust.accuracy.calibration.reliability import Confidence, expected_calibration_error

from ...worlds import calibrated_world

LOGITS, TARGETS = calibrated_world(2000, 5, seed=0)
LOGITS = 1.5 * LOGITS
P = softmax(LOGITS, axis=1)


def test_errors_agree() -> None:
    netcal = pytest.importorskip("netcal.metrics")
    confidence = Confidence(P.max(axis=1), P.argmax(axis=1) == TARGETS)
    ece, mce = netcal.ECE(15).measure(P, TARGETS), netcal.MCE(15).measure(P, TARGETS)
    assert expected_calibration_error(confidence) == pytest.approx(ece, abs=1e-9)
    assert maximum_calibration_error(confidence)[0] == pytest.approx(mce, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "module", "theirs", "distance"),
    [
        ("temperature", "netcal.scaling", "TemperatureScaling", 0.005),
        ("isotonic", "netcal.binning", "IsotonicRegression", 0.005),
        ("histogram", "netcal.binning", "HistogramBinning", 0.02),
    ],
)
def test_calibrators_agree(name: str, module: str, theirs: str, distance: float) -> None:
    kind = getattr(pytest.importorskip(module), theirs)
    calibrator = kind(15) if theirs == "HistogramBinning" else kind()
    calibrator.fit(P, TARGETS)
    method = methods.get(name)
    found = np.exp(method.apply(LOGITS, method.fit(LOGITS, TARGETS)))
    # One more item in each bin or at each end keeps ours off 0 and 1.
    assert np.abs(found - calibrator.transform(P)).max() < distance
