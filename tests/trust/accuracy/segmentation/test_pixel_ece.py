import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.classification import MulticlassCalibrationError

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.reliability import Confidence
from finetrust.trust.accuracy.segmentation.pixel_ece import (
    pixel_ece,
    pixel_ece_before_calibration,
)
from finetrust.trust.accuracy.segmentation.pixel_temperature import fit_pixel_temperature


def world(n: int, seed: int, heat: float = 1.0, per_image: float = 0.0, s: int = 50) -> Predictions:
    """Return sampled pixels whose targets are drawn from the softmax of their logits, times `heat`.

    With `per_image` the images are over- and underconfident by turns of their own.
    """
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, s, 4))
    targets = (logits + rng.gumbel(size=logits.shape)).argmax(2)
    wrong = rng.random((n, s)) < per_image * rng.random((n, 1))
    targets = np.where(wrong, rng.integers(0, 4, (n, s)), targets)
    columns = {
        "pixel_logits": (heat * logits).reshape(n, -1).astype(np.float32),
        "pixel_targets": targets,
    }
    return Predictions(np.arange(n).astype(str), columns)


@given(st.integers(0, 200))
def test_the_value_is_that_of_torchmetrics(seed: int) -> None:
    import torch

    table = world(6, seed, heat=2.0)
    logits = torch.from_numpy(table["pixel_logits"].reshape(-1, 4))
    targets = torch.from_numpy(table["pixel_targets"].ravel())
    reference = MulticlassCalibrationError(4, n_bins=15, norm="l1")(logits.softmax(1), targets)
    found = next(iter(pixel_ece(Evidence(table))))
    assert found.value == pytest.approx(float(reference), abs=1e-5)
    assert found.n == 6


def test_pixels_without_a_target_or_an_answer_are_left_out() -> None:
    table = world(6, 0)
    targets = table["pixel_targets"].copy()
    targets[:, 30:] = -1
    logits = table["pixel_logits"].reshape(6, 50, 4).copy()
    logits[0] = np.nan
    half = Predictions(table.ids, {"pixel_targets": targets, "pixel_logits": logits.reshape(6, -1)})
    found = next(iter(pixel_ece(Evidence(half))))
    assert found.n == 5
    assert sum(found.details["before"]["count"]) == 5 * 30


def test_the_fitted_temperature_undoes_a_planted_one() -> None:
    validation, test = world(60, 1, heat=2.5), world(60, 2, heat=2.5)
    fitted = fit_pixel_temperature(validation)
    assert fitted["temperature"] == pytest.approx(2.5, rel=0.1)
    assert calibrate(validation) == {**fitted, "n": 60}
    evidence = Evidence(test, calibration=fitted)
    after, before = (
        next(iter(pixel_ece(evidence))),
        next(iter(pixel_ece_before_calibration(evidence))),
    )
    assert before.value > 0.15
    assert after.value < 0.04
    assert after.ci_low == 0
    assert before.ci_low > 0.1
    assert after.details["temperature"] == fitted["temperature"]


def test_pixels_of_an_image_are_not_taken_for_independent() -> None:
    table = world(30, 3, per_image=0.8)
    confidence = Confidence.of(_log_softmax(table), table["pixel_targets"].ravel())
    images = np.repeat(np.arange(30), 50)
    clustered = clustered_ece(confidence, images, 30, 0)[1:]
    alone = clustered_ece(confidence, np.arange(1500), 1500, 0)[1:]
    assert np.ptp(clustered) > 1.5 * np.ptp(alone)


@pytest.mark.parametrize(("heat", "per_image"), [(1.0, 0.0), (1.6, 0.0), (1.0, 0.8), (2.0, 0.5)])
def test_the_interval_covers_the_true_value_in_most_samples(heat: float, per_image: float) -> None:
    truth = next(iter(pixel_ece(Evidence(world(20000, 99, heat, per_image))))).value
    truth = 0.0 if truth < 0.005 else truth
    covered = 0
    for trial in range(60):
        found = next(iter(pixel_ece(Evidence(world(40, trial, heat, per_image), seed=trial))))
        covered += found.ci_low <= truth <= found.ci_high
    assert covered >= 53


def _log_softmax(table: Predictions) -> np.ndarray:
    from finetrust.trust.accuracy.probabilities import log_softmax

    return log_softmax(table["pixel_logits"].reshape(-1, 4))
