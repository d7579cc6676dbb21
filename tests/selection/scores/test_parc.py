"""PARC against NumPy's correlations of pairs and SciPy's rank correlation."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from finetrust.core.measure import Absence
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    """Bolya et al. (2021)."""
    x = features.astype(np.float64)
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    one_hot = (labels[:, None] == np.unique(labels)).astype(np.float64)
    of_features, of_labels = [], []
    for i in range(len(x)):
        for j in range(i):
            of_features.append(round(1 - np.corrcoef(x[i], x[j])[0, 1], 10))
            of_labels.append(round(1 - np.corrcoef(one_hot[i], one_hot[j])[0, 1], 10))
    return float(spearmanr(of_features, of_labels)[0])


@pytest.mark.parametrize("world", [name for name in WORLDS if name != "one feature"])
def test_is_the_rank_correlation_of_the_paper(world):
    found = scores.get("parc").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_feature_has_no_correlation_between_rows():
    found = scores.get("parc").of(WORLDS["one feature"])
    assert found == Absence("it needs two features or more", "")


def test_of_many_items_some_are_drawn_by_the_seed():
    many = evidence(n=2500, d=4, classes=3)
    drawn = many.take(many.drawn(2000))
    assert scores.get("parc").of(many) == scores.get("parc").of(drawn)
    assert scores.get("parc").items(many) == 2000


def test_features_that_are_the_answers_correlate_fully():
    labels = np.arange(30) % 3
    assert scores.get("parc").of(Evidence(np.eye(3)[labels], labels)) == pytest.approx(1)
