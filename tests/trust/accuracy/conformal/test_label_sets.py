"""Conformal risk control of what sets of labels miss."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable, UserError
from finetrust.trust.accuracy.conformal.false_negative_rate import (
    false_negative_rate,
    label_set_size,
)
from finetrust.trust.accuracy.conformal.label_sets import MissTable, label_threshold_kept

from ..labels.worlds_of_labels import label_tables, labelled, random_labels


def misses(logits: np.ndarray, due: np.ndarray, least: float) -> float:
    """Return the mean share of its labels that an item misses, by plain loops."""
    rates = []
    for row, wanted in zip(logits, due, strict=True):
        held = [bool(np.isfinite(row).all()) and bool(x >= least) for x in row]
        lost = [w and not h for w, h in zip(wanted, held, strict=True)]
        rates.append(sum(lost) / max(1, sum(wanted)))
    return float(np.mean(rates))


@given(label_tables(answered=False), st.sampled_from([0.1, 0.2, 0.34, 0.5, 0.8]))
def test_it_is_the_highest_threshold_that_keeps_the_bound(table: tuple, risk: float) -> None:
    logits, due = table[0].astype(float), table[1].astype(bool)
    n = len(logits)
    found = MissTable.of(logits, due).threshold_for(risk)
    candidates = [
        x for x in np.unique(logits[due])
        if np.isfinite(x) and n / (n + 1) * misses(logits, due, x) + 1 / (n + 1) <= risk + 1e-12
    ]  # fmt: skip
    finite = [x for x in candidates if any(x in row[w] for row, w in zip(logits, due, strict=True)
                                           if np.isfinite(row).all())]  # fmt: skip
    assert found == (max(finite) if finite else None)


def test_the_expected_miss_rate_is_below_the_promise_and_not_far() -> None:
    logits, due = random_labels(20_000, 6, seed=0)
    rates = []
    for seed in range(1, 201):
        old_logits, old_due = random_labels(60, 6, seed)
        found = MissTable.of(old_logits, old_due.astype(bool)).threshold_for(0.1)
        assert found is not None
        lost = (due > 0) & (logits < found)
        rates.append((lost.sum(axis=1) / np.maximum(due.sum(axis=1), 1)).mean())
    assert 0.1 - 2 / 61 <= np.mean(rates) <= 0.1 + 0.005


def test_what_is_kept_gives_the_same_threshold() -> None:
    logits, due = random_labels(2000, 6, seed=3)
    table = MissTable.of(logits, due.astype(bool))
    kept = json.loads(json.dumps(table.to_json()))
    assert len(kept["logit"]) <= 350
    for coverage in (0.8, 0.9, 0.95, 0.99):
        assert label_threshold_kept(kept, coverage) == table.threshold_for(1 - coverage)
    with pytest.raises(UserError, match=r"more than the 2000 validation items.*at most 0.99"):
        label_threshold_kept(kept, 0.9999)


def test_the_measures_say_what_is_missed_and_how_much_is_held() -> None:
    logits, due = random_labels(400, 5, seed=1)
    validation = labelled(*random_labels(300, 5, seed=2)).clean
    evidence = labelled(logits, due, validation=validation)
    (missed,), (size,) = false_negative_rate(evidence), label_set_size(evidence)
    least = np.log(missed.details["threshold"] / (1 - missed.details["threshold"]))
    assert missed.value == pytest.approx(misses(logits, due.astype(bool), least - 1e-9))
    assert size.value == pytest.approx((logits >= least - 1e-9).sum(axis=1).mean())
    assert missed.ci_low <= missed.value <= missed.ci_high
    assert missed.details["promised"] == 0.1


def test_without_enough_validation_items_there_is_a_reason() -> None:
    logits, due = random_labels(40, 5, seed=1)
    with pytest.raises(NotApplicable, match="no predictions for validation data"):
        list(false_negative_rate(labelled(logits, due)))
    few = labelled(*random_labels(5, 5, seed=2)).clean
    with pytest.raises(NotApplicable, match="5 validation items can promise"):
        list(false_negative_rate(labelled(logits, due, validation=few)))
    bare = labelled(logits, 0 * due).clean
    with pytest.raises(NotApplicable, match="no validation item has a label"):
        list(false_negative_rate(labelled(logits, due, validation=bare)))
