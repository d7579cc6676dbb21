"""The linear probe against ridge regression fitted again without each item."""

import numpy as np
import pytest

from finetrust.core.measure import Absence
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def left_out(x: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return what probes that were fitted without each item say about it, for the best penalty."""
    greatest = float(np.linalg.norm(x - x.mean(axis=0), 2)) ** 2
    best, least = None, np.inf
    for power in range(-8, 2):
        predicted = np.empty_like(answers)
        for i in range(len(x)):
            others = np.arange(len(x)) != i
            mean, middle = x[others].mean(axis=0), answers[others].mean(axis=0)
            own, goal = x[others] - mean, answers[others] - middle
            ridge = 10.0**power * greatest * np.eye(x.shape[1])
            weights = np.linalg.solve(own.T @ own + ridge, own.T @ goal)
            predicted[i] = (x[i] - mean) @ weights + middle
        error = float(((answers - predicted) ** 2).sum())
        if error < least:
            best, least = predicted, error
    return best


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_accuracy_of_probes_that_never_saw_the_item(world):
    base = WORLDS[world]
    classes = np.unique(base.labels)
    answers = (base.labels[:, None] == classes).astype(np.float64)
    predicted = left_out(base.features.astype(np.float64), answers)
    expected = (classes[predicted.argmax(axis=1)] == base.labels).mean()
    assert scores.get("linear-probe").of(base) == pytest.approx(expected, abs=1e-6)


def test_for_numbers_it_is_the_variance_predicted():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 5))
    targets = np.stack([x[:, 0] + rng.standard_normal(40), 1e3 * x[:, 1], np.full(40, 0.1)], axis=1)
    predicted = left_out(x, targets)
    shares = []
    for column in (0, 1):
        y = targets[:, column]
        baseline = [np.delete(y, i).mean() for i in range(40)]
        shares.append(1 - ((y - predicted[:, column]) ** 2).sum() / ((y - baseline) ** 2).sum())
    found = scores.get("linear-probe").of(Evidence(x, None, targets=targets))
    assert found == pytest.approx(np.mean(shares), abs=1e-6)


def test_noise_predicts_nothing():
    rng = np.random.default_rng(1)
    evidence = Evidence(rng.standard_normal((300, 20)), None, targets=rng.standard_normal((300, 1)))
    assert scores.get("linear-probe").of(evidence) < 0.05


def test_of_many_items_those_that_are_drawn_are_judged():
    many = evidence(n=10_500, d=4, classes=3)
    probe = scores.get("linear-probe")
    assert probe.items(many) == 10_000
    assert probe.of(many) == pytest.approx(probe.of(many.take(np.arange(10_000))), abs=0.01)


def test_answers_that_are_all_alike_have_no_score():
    evidence = Evidence(
        np.random.default_rng(0).standard_normal((9, 2)), None, targets=np.ones((9, 1))
    )
    found = scores.get("linear-probe").of(evidence)
    assert found == Absence("all items have the same answers", "")
