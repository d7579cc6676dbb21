"""SFDA against the discriminant of the paper, fitted twice by plain linear algebra."""

import math

import numpy as np
import pytest

from finetrust.core.measure import Absence
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def softmax(row: np.ndarray) -> np.ndarray:
    powers = np.exp(row - row.max())
    return powers / powers.sum()


class Fisher:
    """A discriminant with the shrinkage of the paper, unless one is given."""

    def __init__(self, x: np.ndarray, y: np.ndarray, shrinkage: float | None = None) -> None:
        n, d = x.shape
        self.classes = sorted(set(y.tolist()))
        self.means = {c: x[y == c].mean(axis=0) for c in self.classes}
        self.shares = {c: float((y == c).mean()) for c in self.classes}
        within = np.zeros((d, d))
        for row, c in zip(x, y.tolist(), strict=True):
            within += np.outer(row - self.means[c], row - self.means[c]) / n
        greatest = float(np.linalg.eigvalsh(within)[-1])
        self.shrinkage = max(math.exp(-5 * greatest), 1e-10) if shrinkage is None else shrinkage
        self.shrunk = (1 - self.shrinkage) * within
        self.shrunk += self.shrinkage * np.trace(within) / d * np.eye(d)

    def logits(self, row: np.ndarray) -> np.ndarray:
        found = []
        for c in self.classes:
            weights = np.linalg.solve(self.shrunk, self.means[c])
            found.append(row @ weights - self.means[c] @ weights / 2 + math.log(self.shares[c]))
        return np.array(found)


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    """Shao et al. (2022)."""
    x, y = features.astype(np.float64), labels
    x = x - x.mean(axis=0)
    first = Fisher(x, y)
    harder = np.empty_like(x)
    for i, row in enumerate(x):
        c = int(y[i])
        sure = softmax(softmax(first.logits(row)))[first.classes.index(c)]
        others = np.mean([first.means[k] for k in first.classes if k != c], axis=0)
        harder[i] = sure * row + (1 - sure) * others
    second = Fisher(harder, y, first.shrinkage)
    total = 0.0
    for i, row in enumerate(harder):
        logits = second.logits(row)
        own = logits[second.classes.index(int(y[i]))]
        total += own - logits.max() - math.log(np.exp(logits - logits.max()).sum())
    return total / len(x)


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_mean_of_the_paper(world):
    found = scores.get("sfda").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_harder_features_score_below_a_plain_discriminant():
    base = evidence(n=400, d=6, classes=4, apart=0.7)
    plain = Fisher(base.features.astype(np.float64), base.labels)
    likelihood = [
        math.log(softmax(plain.logits(row))[c])
        for row, c in zip(base.features.astype(np.float64), base.labels, strict=True)
    ]
    assert scores.get("sfda").of(base) < np.mean(likelihood)


def test_classes_that_are_points_have_no_score_and_the_reason():
    labels = np.arange(12) % 3
    found = scores.get("sfda").of(Evidence(np.eye(3)[labels], labels))
    assert found == Absence("all items of a class have the same features", "")
