"""Calibrated scores of boxes say how often such boxes are right."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from finetrust.tasks.detection_answers import decoded_boxes
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.accuracy.detection.score_calibration import (
    KEY,
    calibrated_scores,
    fit_beta,
)

from .scenes import evidence_of, scene

BOX = (0, 0, 40, 40)
MAP = {KEY: {"a": 0.7, "b": 1.4, "c": -0.5, "boxes": 100}}


def scored(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and which boxes are right, by the MAP from scores to shares."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.3, 1, n)
    return scores, rng.random(n) < calibrated_scores(scores, MAP)


def test_a_known_map_is_recovered() -> None:
    a, b, c = fit_beta(*scored(100_000, 0))
    probes = np.linspace(0.3, 0.99, 50)
    found = calibrated_scores(probes, {KEY: {"a": a, "b": b, "c": c}})
    np.testing.assert_allclose(found, calibrated_scores(probes, MAP), atol=0.02)


def test_with_many_boxes_it_is_the_logistic_regression_of_scikit_learn() -> None:
    scores, right = scored(20_000, 1)
    features = np.stack([np.log(scores), -np.log1p(-scores)], axis=1)
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=5000).fit(features, right)
    a, b, c = fit_beta(scores, right)
    ours = expit(features @ [a, b] + c)
    np.testing.assert_allclose(ours, theirs.predict_proba(features)[:, 1], atol=2e-3)


def test_right_scores_stay_as_they_are() -> None:
    rng = np.random.default_rng(2)
    scores = rng.uniform(0.3, 1, 20_000)
    a, b, c = fit_beta(scores, rng.random(20_000) < scores)
    found = calibrated_scores(scores, {KEY: {"a": a, "b": b, "c": c}})
    assert np.abs(found - scores).max() < 0.02


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30),
    st.lists(st.floats(-1, 2), min_size=1, max_size=10),
)
def test_the_order_of_the_scores_stays(rows: list, probes: list) -> None:
    scores, right = (np.array(column) for column in zip(*rows, strict=True))
    a, b, c = fit_beta(scores.astype(float), right)
    found = calibrated_scores(np.sort(probes), {KEY: {"a": a, "b": b, "c": c}})
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_few_boxes_are_not_fitted_and_low_scores_do_not_count() -> None:
    few = evidence_of([scene([(0, BOX)], [(0, 0.8, BOX), (0, 0.1, BOX)])] * 19).clean
    assert calibrate(few) == {}
    enough = evidence_of([scene([(0, BOX)], [(0, 0.8, BOX), (0, 0.1, BOX)])] * 20).clean
    fitted = calibrate(enough)
    assert fitted[KEY]["boxes"] == 20
    assert fitted["n"] == 20
    assert json.loads(json.dumps(fitted)) == fitted
    assert calibrate(enough, "none") == {}


def test_predict_tells_the_boxes_of_before_with_calibrated_scores() -> None:
    output = {
        "boxes": torch.tensor([[0.0, 0, 10, 10], [0, 0, 20, 20], [0, 0, 5, 5]]),
        "labels": torch.tensor([0, 0, 0]),
        "scores": torch.tensor([0.9, 0.31, 0.29]),
        "canvas": torch.tensor([32, 32]),
    }
    (before,) = decoded_boxes([output], [(32, 32)], ["cat"], {})
    (after,) = decoded_boxes([output], [(32, 32)], ["cat"], MAP)
    assert [box["box"] for box in after["boxes"]] == [box["box"] for box in before["boxes"]]
    assert len(after["boxes"]) == 2
    told = [box["score"] for box in after["boxes"]]
    assert told == pytest.approx(calibrated_scores(np.array([0.9, 0.31]), MAP).tolist(), rel=1e-6)
