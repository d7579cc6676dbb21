"""F1 of every class."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import f1_score

from finetrust.trust.accuracy.right.f1 import f1

from ...worlds import calibrated_world, evidence_of, logits_for, tables


@given(tables())
def test_it_agrees_with_scikit_learn(table: tuple) -> None:
    logits, targets = table
    found = list(f1(evidence_of(logits, targets)))
    predicted = logits.argmax(axis=1)
    used = np.union1d(targets, predicted)
    expected = f1_score(targets, predicted, labels=used, average=None, zero_division=0)
    assert [estimate.value for estimate in found] == pytest.approx(expected.tolist())
    assert [estimate.subset for estimate in found] == [f"class={c}" for c in used]
    for c, estimate in zip(used, found, strict=True):
        assert estimate.n == ((targets == c) | (predicted == c)).sum()


def test_an_item_without_an_answer_is_a_miss() -> None:
    logits = logits_for([0, 0, 1], 2)
    logits[0] = np.nan
    found = [estimate.value for estimate in f1(evidence_of(logits, [0, 0, 1]))]
    assert found == pytest.approx([2 / 3, 1])


def test_the_interval_covers_the_true_value_at_its_rate() -> None:
    worlds, bounds = 400, []
    for seed in range(worlds + 1):
        n = 60 if seed else 300_000
        first, *_ = f1(evidence_of(*calibrated_world(n, 4, seed)))
        bounds.append((first.ci_low, first.value, first.ci_high))
    low, value, high = np.array(bounds).T
    coverage = np.mean((low[1:] <= value[0]) & (value[0] <= high[1:]))
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
