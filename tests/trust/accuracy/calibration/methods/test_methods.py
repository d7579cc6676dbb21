"""What every calibration method promises."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.trust.accuracy.calibration.methods.method import kept, method_of, methods

from ....worlds import calibrated_world, tables

NAMES = methods.names()

WORLDS = {
    "ordinary": calibrated_world(100, 4, seed=0),
    "two items": calibrated_world(2, 3, seed=0),
    "one class": (np.ones((5, 1)), np.zeros(5, int)),
    "one target": (calibrated_world(20, 3, seed=0)[0], np.zeros(20, int)),
    "equal logits": (np.zeros((9, 3)), np.arange(9) % 3),
    "all right": (9 * np.eye(4)[np.arange(40) % 4], np.arange(40) % 4),
    "all wrong": (9 * np.eye(4)[np.arange(40) % 4], np.arange(1, 41) % 4),
    "huge logits": (1e37 * calibrated_world(50, 3, seed=0)[0], calibrated_world(50, 3, seed=0)[1]),
    "tiny logits": (1e-38 * calibrated_world(50, 3, seed=0)[0], calibrated_world(50, 3, seed=0)[1]),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", NAMES)
def test_it_yields_finite_log_probabilities_from_json(name: str, world: str) -> None:
    method, (logits, targets) = methods.get(name), WORLDS[world]
    parameters = method.fit(logits, targets)
    again = json.loads(json.dumps(parameters, allow_nan=False))
    assert again == parameters
    for unseen in (logits.astype(np.float32), 100 * logits[::-1], np.zeros_like(logits)):
        log_p = method.apply(unseen, again)
        assert log_p.shape == logits.shape
        assert log_p.dtype == np.float64
        assert np.isfinite(log_p).all()
        np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-9)


@settings(max_examples=20)
@given(table=tables(min_items=2), seed=st.integers(0, 100))
@pytest.mark.parametrize("name", NAMES)
def test_an_item_is_calibrated_by_itself(name: str, table: tuple, seed: int) -> None:
    method, (logits, targets) = methods.get(name), table
    parameters = method.fit(logits, targets)
    order = np.random.default_rng(seed).permutation(len(targets))
    whole = method.apply(logits, parameters)
    np.testing.assert_allclose(method.apply(logits[order], parameters), whole[order], atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_it_mends_an_overconfident_model(name: str) -> None:
    method = methods.get(name)
    logits, targets = calibrated_world(3000, 3, seed=0)
    unseen, truth = calibrated_world(3000, 3, seed=1)

    def nll(parameters: dict) -> float:
        return float(-method.apply(4 * unseen, parameters)[np.arange(3000), truth].mean())

    own = methods.get("temperature").apply(4 * unseen, {"temperature": 1.0})
    assert nll(method.fit(4 * logits, targets)) < -own[np.arange(3000), truth].mean() - 0.3


@pytest.mark.parametrize("name", NAMES)
def test_a_calibrated_model_is_left_almost_as_it_is(name: str) -> None:
    method = methods.get(name)
    logits, targets = calibrated_world(5000, 3, seed=0)
    p = np.exp(method.apply(logits, method.fit(logits, targets)))
    own = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(p - own).mean() < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_a_calibration_names_its_method(name: str) -> None:
    assert method_of(kept(name, {"temperature": 2.0})) == name
    assert method_of({}) is None
    assert method_of({"n": 3, "label_threshold": 0.4}) is None
