"""H-score against the traces of the paper with scikit-learn's Ledoit-Wolf covariance."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    """Ibrahim et al. (2022): tr(S_a^-1 (1 - a) S_z)."""
    x = features.astype(np.float64)
    x = x - x.mean(axis=0)
    n, d = x.shape
    fitted = LedoitWolf(assume_centered=True).fit(x)
    between = np.zeros((d, d))
    for c in set(labels.tolist()):
        own = x[labels == c]
        mean = own.sum(axis=0) / len(own)
        between += len(own) / n * np.outer(mean, mean)
    shrinkage = fitted.shrinkage_
    if shrinkage == 0:
        return float(np.trace(np.linalg.pinv(fitted.covariance_, hermitian=True) @ between))
    return float(np.trace(np.linalg.solve(fitted.covariance_, (1 - shrinkage) * between)))


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_trace_of_the_paper(world):
    found = scores.get("h-score").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_without_shrinkage_separate_classes_score_their_number_less_1():
    labels = np.arange(4000) % 5
    noise = np.random.default_rng(0).standard_normal((4000, 6)) * 1e-3
    features = np.eye(6)[labels] + noise
    assert scores.get("h-score").of(Evidence(features, labels)) == pytest.approx(4, abs=0.01)


def test_many_features_of_few_items_do_not_look_like_separate_classes():
    few = evidence(n=30, d=500, classes=3, apart=0.0)
    # Without shrinkage it would be 2, as for classes that are points.
    assert scores.get("h-score").of(few) < 1.2
