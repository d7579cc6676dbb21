"""LEEP against the sums of the paper, written out."""

import math

import numpy as np
import pytest

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS


def reference(logits: np.ndarray, labels: np.ndarray) -> float:
    """Nguyen et al. (2020), eq. 1-2."""
    n, k = logits.shape
    theta = []
    for row in logits.tolist():
        powers = [math.exp(value - max(row)) for value in row]
        theta.append([power / sum(powers) for power in powers])
    joint: dict[tuple[int, int], float] = {}
    for i, y in enumerate(labels.tolist()):
        for z in range(k):
            joint[y, z] = joint.get((y, z), 0.0) + theta[i][z] / n
    marginal = [sum(p for (_, of), p in joint.items() if of == z) for z in range(k)]
    total = 0.0
    for i, y in enumerate(labels.tolist()):
        total += math.log(sum(joint[y, z] / marginal[z] * theta[i][z] for z in range(k)))
    return total / n


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_sum_of_the_paper(world):
    evidence = WORLDS[world]
    expected = reference(evidence.source_logits, evidence.labels)
    assert scores.get("leep").of(evidence) == pytest.approx(expected, abs=1e-6)


def test_a_head_that_knows_the_classes_scores_0():
    labels = np.arange(12) % 3
    evidence = Evidence(np.ones((12, 1)), labels, 100 * np.eye(3)[labels])
    assert scores.get("leep").of(evidence) == pytest.approx(0, abs=1e-9)


def test_a_head_that_says_the_same_of_all_scores_the_entropy_of_the_classes():
    labels = np.array([0] * 3 + [1] * 9)
    evidence = Evidence(np.ones((12, 1)), labels, np.zeros((12, 5)))
    expected = 0.25 * math.log(0.25) + 0.75 * math.log(0.75)
    assert scores.get("leep").of(evidence) == pytest.approx(expected)


def test_source_classes_without_any_probability_take_no_part():
    labels = np.array([0, 0, 1, 1])
    logits = np.where(np.arange(3) == 2, -1e4, np.eye(3)[labels])
    with_it = scores.get("leep").of(Evidence(np.ones((4, 1)), labels, logits))
    without = scores.get("leep").of(Evidence(np.ones((4, 1)), labels, logits[:, :2]))
    assert with_it == pytest.approx(without)


def test_many_items_are_taken_in_blocks():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 3, 20_000), rng.standard_normal((20_000, 4))
    once = scores.get("leep").of(Evidence(np.ones((20_000, 1)), labels, logits))
    assert once == pytest.approx(reference(logits, labels), abs=1e-9)
