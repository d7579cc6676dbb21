"""LogME against the evidence of the paper in full matrices, and the published fixed-point iteration."""

import numpy as np
import pytest
from scipy.optimize import minimize

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence

RATE = 1e-5


def log_evidence(x: np.ndarray, y: np.ndarray, alpha: float, beta: float) -> float:
    """You et al. (2021), eq. 2, with the priors that the code of the authors implies."""
    n, d = x.shape
    precision = alpha * np.eye(d) + beta * x.T @ x
    m = beta * np.linalg.solve(precision, x.T @ y)
    found = n / 2 * np.log(beta) + d / 2 * np.log(alpha) - n / 2 * np.log(2 * np.pi)
    found -= beta / 2 * ((x @ m - y) ** 2).sum() + alpha / 2 * (m**2).sum()
    found -= np.linalg.slogdet(precision)[1] / 2
    return float(found - RATE / 2 * (alpha + beta))


def greatest(x: np.ndarray, y: np.ndarray) -> float:
    """Return the maximum over alpha and beta (there may be lesser ones), sought from a grid."""

    def loss(logs: np.ndarray) -> float:
        return -log_evidence(x, y, *np.exp(np.clip(logs, -60, 60)))

    grid = [(a, b) for a in range(-8, 15) for b in range(-6, 19)]
    start = min(grid, key=lambda logs: loss(np.array(logs, dtype=float)))
    exact = {"xatol": 1e-7, "fatol": 1e-11}
    return -minimize(loss, start, method="Nelder-Mead", options=exact).fun


def reference(features: np.ndarray, columns: np.ndarray) -> float:
    x = features.astype(np.float64)
    return float(np.mean([greatest(x, column) for column in columns.T])) / len(x)


def published(features: np.ndarray, columns: np.ndarray) -> float:
    """The fixed-point iteration of the journal paper with the stopping rule of its authors' code."""
    x = features.astype(np.float64)
    n, d = x.shape
    left, singular, _ = np.linalg.svd(x, full_matrices=False)
    sigma = singular**2
    found = []
    for y in columns.T:
        along = (left.T @ y) ** 2
        rest = (y**2).sum() - along.sum()
        alpha = beta = 1.0
        for _ in range(11):
            t = alpha / beta
            gamma = (sigma / (sigma + t)).sum()
            weights = (sigma * along / (t + sigma) ** 2).sum()
            misfit = (along / (1 + sigma / t) ** 2).sum() + rest
            alpha, beta = gamma / (weights + RATE), (n - gamma) / (misfit + RATE)
            if abs(alpha / beta - t) / t <= 1e-3:
                break
        value = d / 2 * np.log(alpha) + n / 2 * np.log(beta) - n / 2 * np.log(2 * np.pi)
        value -= beta / 2 * misfit + alpha / 2 * weights
        value -= (np.log(alpha + beta * sigma).sum() + (d - len(sigma)) * np.log(alpha)) / 2
        found.append(value / n)
    return float(np.mean(found))


def one_hot(labels: np.ndarray) -> np.ndarray:
    return (labels[:, None] == np.unique(labels)).astype(np.float64)


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_greatest_evidence_of_the_paper(world):
    base = WORLDS[world]
    expected = reference(base.features, one_hot(base.labels))
    assert scores.get("logme").of(base) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_published_iteration_where_that_has_converged(seed):
    base = evidence(n=400, d=10, classes=3, seed=seed)
    expected = published(base.features, one_hot(base.labels))
    assert scores.get("logme").of(base) == pytest.approx(expected, abs=1e-5)


def test_for_numbers_it_does_not_hang_on_their_unit():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 4))
    y = np.stack([x[:, 0] + rng.standard_normal(50), rng.standard_normal(50)], axis=1)
    metres = scores.get("logme").of(Evidence(x, None, targets=y))
    assert scores.get("logme").of(Evidence(x, None, targets=1000 * y + 7)) == pytest.approx(metres)
    standard = (y - y.mean(axis=0)) / y.std(axis=0)
    assert metres == pytest.approx(reference(x, standard), abs=1e-6)


def test_columns_that_do_not_vary_are_left_out():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 4))
    tags = (x[:, :2] > 0).astype(np.float32)
    none = np.concatenate([tags, np.zeros((50, 1)), np.full((50, 1), 0.1)], axis=1)
    expected = scores.get("logme").of(Evidence(x, None, targets=tags))
    assert scores.get("logme").of(Evidence(x, None, targets=none)) == pytest.approx(expected)


def test_features_that_are_the_answers_have_a_finite_score_above_all_others():
    labels = np.arange(60) % 3
    exact = scores.get("logme").of(Evidence(np.eye(3)[labels], labels))
    noise = np.random.default_rng(0).standard_normal((60, 3))
    assert scores.get("logme").of(Evidence(np.eye(3)[labels] + 0.01 * noise, labels)) < exact < 10
