"""NCE against the sums of the paper, written out."""

import math
from collections import Counter

import numpy as np
import pytest

from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores

from .worlds import WORLDS


def reference(logits: np.ndarray, labels: np.ndarray) -> float:
    """Tran et al. (2019)."""
    pairs = list(
        zip(labels.tolist(), [row.index(max(row)) for row in logits.tolist()], strict=True)
    )
    source = Counter(z for _, z in pairs)
    return sum(
        count / len(pairs) * math.log(count / source[z]) for (_, z), count in Counter(pairs).items()
    )


@pytest.mark.parametrize("world", WORLDS)
def test_is_the_sum_of_the_paper(world):
    evidence = WORLDS[world]
    expected = reference(evidence.source_logits, evidence.labels)
    assert scores.get("nce").of(evidence) == pytest.approx(expected, abs=1e-6)


def test_a_head_that_splits_a_class_in_two_loses_nothing():
    source = np.arange(12) % 4
    evidence = Evidence(np.ones((12, 1)), source // 2, np.eye(4)[source])
    assert scores.get("nce").of(evidence) == 0


def test_a_head_that_joins_two_classes_loses_the_entropy_between_them():
    labels = np.arange(12) % 4
    evidence = Evidence(np.ones((12, 1)), labels, np.eye(2)[labels // 2])
    assert scores.get("nce").of(evidence) == pytest.approx(-math.log(2))
