"""Nearest neighbours against a search item by item, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS, evidence


def reference(features: np.ndarray, labels: np.ndarray) -> float:
    x = features.astype(np.float64)
    total = 0.0
    for i in range(len(x)):
        distances = {j: float(((x[i] - x[j]) ** 2).sum()) for j in range(len(x)) if j != i}
        near = [
            j for j, distance in distances.items() if distance <= min(distances.values()) + 1e-9
        ]
        total += sum(labels[j] == labels[i] for j in near) / len(near)
    return total / len(x)


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_share_found_item_by_item(world):
    found = scores.get("knn").of(WORLDS[world])
    expected = reference(WORLDS[world].features, WORLDS[world].labels)
    assert found == pytest.approx(expected, abs=1e-6)


def test_is_what_leaving_one_out_finds_in_scikit_learn():
    base = evidence(n=150, classes=3)
    accuracies = cross_val_score(
        KNeighborsClassifier(1), base.features, base.labels, cv=LeaveOneOut()
    )
    assert scores.get("knn").of(base) == pytest.approx(accuracies.mean())


def test_the_neighbours_of_drawn_items_are_sought_among_all():
    # Every item has its twin of the same class 5000 rows further on, which may not be drawn.
    rng = np.random.default_rng(0)
    half, labels = rng.standard_normal((5000, 3)), rng.integers(0, 50, 5000)
    twins = Evidence(np.concatenate([half, half + 1e-6]), np.concatenate([labels, labels]))
    assert scores.get("knn").of(twins) == 1
    assert scores.get("knn").items(twins) == 2000


def test_among_equally_near_neighbours_the_share_counts():
    features = np.zeros((4, 2))
    features[3] = 1
    labels = np.array([0, 0, 1, 1])
    # Of the first two, one of two neighbours is of their class; of the others none.
    expected = (0.5 + 0.5 + 0 + 1 / 3) / 4
    assert scores.get("knn").of(Evidence(features, labels)) == pytest.approx(expected)
