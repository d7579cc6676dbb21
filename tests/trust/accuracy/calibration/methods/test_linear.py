"""Vector, matrix and Dirichlet calibration: their minima are those of other optimisers."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from finetrust.trust.accuracy.calibration.methods.dirichlet import LEAST_LOG
from finetrust.trust.accuracy.calibration.methods.method import methods
from finetrust.trust.accuracy.calibration.methods.odir import fit_linear, odir_fit
from finetrust.trust.accuracy.calibration.temperature import fit_temperature

from ....worlds import calibrated_world

N = 400
LOGITS, TARGETS = calibrated_world(N, 4, seed=0)
LOGITS = LOGITS * np.array([3.0, 2, 1, 0.5]) + np.array([1.0, 0, 0, -1])


def minimum(loss, *start: torch.Tensor) -> float:
    """Return the least loss that the optimiser of torch finds."""
    parameters = [value.clone().requires_grad_() for value in start]
    optimiser = torch.optim.LBFGS(parameters, max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(*parameters)
        value.backward()
        return value

    for _ in range(5):
        optimiser.step(closure)
    return float(loss(*parameters).detach())


def test_vector_scaling_is_the_minimum_that_torch_finds() -> None:
    x, y = torch.tensor(LOGITS), torch.tensor(TARGETS)
    t = fit_temperature(LOGITS, TARGETS)

    def loss(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        nll = torch.nn.functional.cross_entropy(x * w + b, y)
        return nll + (((t * w - 1) ** 2).sum() + (b**2).sum()) / (2 * N)

    found = methods.get("vector").fit(LOGITS, TARGETS)
    ours = float(loss(torch.tensor(found["factors"]).double(), torch.tensor(found["offsets"])))
    ones = torch.ones(4, dtype=torch.float64)
    assert ours == pytest.approx(minimum(loss, ones / t, 0 * ones), abs=1e-6)


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1000.0])
def test_odir_is_the_minimum_that_torch_finds(penalty: float) -> None:
    x, y = torch.tensor(LOGITS), torch.tensor(TARGETS)

    def loss(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        off = w - torch.diag(torch.diag(w))
        nll = torch.nn.functional.cross_entropy(x @ w.T + b, y)
        away = torch.diag(w) - 1
        return nll + penalty * ((off**2).sum() / 12 + (b**2).sum() / 4) + (away**2).sum() / (2 * N)

    start = np.concatenate([np.eye(4).ravel(), np.zeros(4)])
    found = torch.tensor(odir_fit(LOGITS, TARGETS, penalty, start))
    ours = float(loss(found[:16].reshape(4, 4), found[16:]))
    least = minimum(loss, torch.eye(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64))
    assert ours == pytest.approx(least, abs=2e-6)


def test_with_next_to_no_penalty_it_is_logistic_regression() -> None:
    start = np.concatenate([np.eye(4).ravel(), np.zeros(4)])
    found = odir_fit(LOGITS, TARGETS, 0.0, start)
    ours = log_softmax(LOGITS @ found[:16].reshape(4, 4).T + found[16:], axis=1)
    theirs = LogisticRegression(C=1e9, max_iter=5000, tol=1e-8).fit(LOGITS, TARGETS)
    np.testing.assert_allclose(np.exp(ours), theirs.predict_proba(LOGITS), atol=0.02)


def test_what_was_done_to_the_logits_is_undone() -> None:
    clean, targets = calibrated_world(20_000, 4, seed=1)
    mixed = clean @ (np.eye(4) + 0.3 * np.roll(np.eye(4), 1, axis=1)) + [1.0, 0, 0, -1]
    weights, intercepts = fit_linear(mixed, targets)
    found = log_softmax(mixed @ weights.T + intercepts, axis=1)
    assert np.abs(np.exp(found) - np.exp(log_softmax(clean, axis=1))).mean() < 0.01


def test_few_items_hold_it_near_the_temperature() -> None:
    logits, targets = calibrated_world(40, 8, seed=0)
    weights, _ = fit_linear(3 * logits, targets)
    off = weights - np.diag(np.diag(weights))
    assert np.abs(off).max() < 0.2 * np.abs(np.diag(weights)).mean()


def test_items_that_are_all_right_do_not_ask_for_infinite_weights() -> None:
    rng = np.random.default_rng(0)
    targets = np.arange(200) % 10
    logits = 9 * np.eye(10)[targets] + rng.normal(size=(200, 10))
    weights, intercepts = fit_linear(logits, targets)
    assert np.abs(weights).max() < 3 / fit_temperature(logits, targets)
    assert np.abs(intercepts).max() < 3


def test_dirichlet_calibration_is_linear_in_log_probabilities() -> None:
    parameters = {"weights": [[2.0, 0.5], [0.0, 1.0]], "intercepts": [0.3, 0.0]}
    log_p = log_softmax(LOGITS[:, :2], axis=1)
    expected = log_softmax(log_p @ np.array([[2.0, 0.5], [0.0, 1.0]]).T + [0.3, 0.0], axis=1)
    found = methods.get("dirichlet").apply(LOGITS[:, :2], parameters)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    shifted = methods.get("dirichlet").apply(LOGITS[:, :2] + 5, parameters)
    np.testing.assert_allclose(shifted, expected, atol=1e-9)
    sure = methods.get("dirichlet").apply(np.array([[1e6, 0.0]]), parameters)
    assert sure[0, 1] == pytest.approx(LEAST_LOG - 0.5 * LEAST_LOG - 0.3)
