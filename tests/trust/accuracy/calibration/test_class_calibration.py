"""Which method calibrates a classifier, and what happens where items are few."""

import json

import numpy as np
import pytest

from finetrust.trust.accuracy.calibration.class_calibration import (
    cross_validated_losses,
    fit_classes,
)
from finetrust.trust.accuracy.calibration.methods.method import methods
from finetrust.trust.accuracy.probabilities import log_probabilities

from ...worlds import calibrated_world


def tilted(logits: np.ndarray) -> np.ndarray:
    """Return logits that are too sure, and of the first classes more than of the last."""
    classes = logits.shape[1]
    return logits * np.linspace(3, 1, classes) + np.linspace(1, -1, classes)


def loss(calibration: dict, logits: np.ndarray, targets: np.ndarray) -> float:
    log_p = log_probabilities(logits, calibration)
    return float(-log_p[np.arange(len(targets)), targets].mean())


def test_auto_keeps_the_temperature_where_that_is_all_that_is_wrong() -> None:
    logits, targets = calibrated_world(2000, 4, seed=0)
    found = fit_classes(3 * logits, targets, "auto")
    assert found["temperature"] == pytest.approx(3, rel=0.1)
    assert set(found["nll"]) == set(methods.names())
    assert found["left_out"] == {}


def test_auto_takes_another_method_where_classes_differ() -> None:
    logits, targets = calibrated_world(2000, 4, seed=0)
    found = fit_classes(tilted(logits), targets, "auto")
    assert found["method"] in ("vector", "matrix")
    assert found["nll"][found["method"]] < found["nll"]["temperature"] - 0.05
    unseen, truth = calibrated_world(2000, 4, seed=1)
    own = fit_classes(tilted(logits), targets, "temperature")
    assert loss(found, tilted(unseen), truth) < loss(own, tilted(unseen), truth) - 0.05


def test_auto_tells_which_methods_it_had_too_few_items_for() -> None:
    logits, targets = calibrated_world(60, 4, seed=0)
    found = fit_classes(logits, targets, "auto")
    assert "temperature" in found["nll"]
    assert "isotonic" in found["left_out"]
    assert "takes 30" in found["left_out"]["isotonic"]


@pytest.mark.parametrize("n", [0, 2])
def test_auto_of_next_to_nothing_is_a_temperature(n: int) -> None:
    found = fit_classes(np.eye(3)[:n], np.arange(n), "auto")
    assert found["temperature"] > 0
    assert found["nll"] == {}


def test_too_few_items_fall_back_on_the_temperature_and_say_why(capsys) -> None:
    logits, targets = calibrated_world(30, 4, seed=0)
    found = fit_classes(logits, targets, "isotonic")
    assert found["temperature"] == fit_classes(logits, targets, "temperature")["temperature"]
    assert found["fallback"].startswith("isotonic was not fitted, temperature instead: the rarest")
    assert "isotonic was not fitted" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("method", [*methods.names(), "auto"])
def test_items_without_an_answer_are_left_out(method: str) -> None:
    logits, targets = calibrated_world(300, 3, seed=0)
    spoiled = np.concatenate([logits, np.full((2, 3), np.nan)])
    assert fit_classes(spoiled, np.append(targets, [1, 1]), method) == fit_classes(
        logits, targets, method
    )


@pytest.mark.parametrize("method", [*methods.names(), "auto"])
def test_what_is_kept_is_json(method: str) -> None:
    found = fit_classes(*calibrated_world(300, 3, seed=0), method)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_cross_validated_losses_are_of_items_that_were_not_fitted() -> None:
    # Where logits say nothing, a fit to the item itself would always find it likelier than this.
    rng = np.random.default_rng(0)
    losses = cross_validated_losses(rng.normal(size=(300, 3)), rng.integers(0, 3, 300), "isotonic")
    assert losses.shape == (300,)
    assert losses.mean() > np.log(3)
