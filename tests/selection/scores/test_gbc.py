"""GBC against the coefficients of the paper, pair by pair."""

import math

import numpy as np
import pytest

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    """Pandy et al. (2022), spherical, in 64 principal components."""
    x = features.astype(np.float64)
    x = x - x.mean(axis=0)
    _, singular, axes = np.linalg.svd(x, full_matrices=False)
    kept = (singular > 1e-7 * singular[0]) & (np.arange(len(singular)) < 64)
    z = x @ axes[kept].T
    n, p = z.shape
    least = 1e-4 * float((z**2).sum()) / (n * p)
    gaussians = []
    for c in sorted(set(labels.tolist())):
        own = z[labels == c]
        mean = own.sum(axis=0) / len(own)
        variance = sum(float(((row - mean) ** 2).sum()) for row in own) / (len(own) * p)
        gaussians.append((mean, max(variance, least)))
    total = 0.0
    for i, (one, v) in enumerate(gaussians):
        for j, (other, w) in enumerate(gaussians):
            if i != j:
                middle = (v + w) / 2
                distance = float(((one - other) ** 2).sum()) / (8 * middle)
                distance += 0.5 * math.log(middle**p / math.sqrt(v**p * w**p))
                total -= math.exp(-distance)
    return total


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_sum_of_the_paper(world):
    found = scores.get("gbc").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6)


def test_only_64_principal_components_are_looked_at():
    wide = evidence(n=300, d=90, classes=3)
    assert scores.get("gbc").of(wide) == pytest.approx(
        reference(wide.features, wide.labels), abs=1e-6
    )


def test_two_normal_classes_overlap_as_theory_says():
    rng = np.random.default_rng(0)
    labels = np.arange(200_000) % 2
    features = rng.standard_normal((200_000, 1)) + 2.0 * labels[:, None]
    # Two unit normals at distance 2 have the coefficient exp(-4/8), counted in both orders.
    assert scores.get("gbc").of(Evidence(features, labels)) == pytest.approx(
        -2 * math.exp(-0.5), abs=0.01
    )


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_does_not_change_with_the_scale_of_the_features(scale):
    base = WORLDS["a class with one example"]
    scaled = Evidence(base.features * np.float64(scale), base.labels)
    assert scores.get("gbc").of(scaled) == pytest.approx(scores.get("gbc").of(base))
