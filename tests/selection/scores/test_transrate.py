"""TransRate against the determinants of the paper."""

import numpy as np
import pytest

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def rate(rows: np.ndarray) -> float:
    n, d = rows.shape
    inner = np.eye(d)
    for row in rows:
        inner += np.outer(row, row) / (n * 1e-4)
    return float(np.log(np.linalg.eigvalsh(inner)).sum()) / 2


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    """Huang et al. (2022): R(Z) - sum_c n_c / n R(Z_c)."""
    x = features.astype(np.float64)
    x = x - x.mean(axis=0)
    total = rate(x)
    for c in set(labels.tolist()):
        own = x[labels == c]
        total -= len(own) / len(x) * rate(own)
    return total


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_difference_of_the_paper(world):
    found = scores.get("transrate").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_is_the_listing_of_the_paper_where_classes_are_equally_frequent():
    base = evidence(n=60, classes=4)
    x = base.features - base.features.mean(axis=0, dtype=np.float64)
    listing = rate(x) - sum(rate(x[base.labels == c]) for c in range(4)) / 4
    assert scores.get("transrate").of(base) == pytest.approx(listing, abs=1e-6)


def test_labels_that_say_nothing_score_near_0():
    rng = np.random.default_rng(0)
    evidence = Evidence(rng.standard_normal((20_000, 4)), np.arange(20_000) % 2)
    assert 0 <= scores.get("transrate").of(evidence) < 0.01
