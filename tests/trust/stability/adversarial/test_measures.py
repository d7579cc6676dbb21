"""The measures of attacks, on tables whose answers are known."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.measure_all import measure_all
from finetrust.trust.stability.adversarial.gradient_masking import gradient_masking
from finetrust.trust.stability.adversarial.median_perturbation import (
    median_interval,
    median_linf_perturbation,
)
from finetrust.trust.stability.adversarial.robust_accuracy import robust_accuracy

from ...worlds import predictions_of

SIZES = np.array([0.5, 1, 2, 4, 8, 16]) / 255


def table(smallest: object, **columns: object) -> Predictions:
    """Return a table of items of class 0 whose smallest perturbations are given in levels of 255."""
    smallest = np.asarray(smallest, float) / 255
    n = len(smallest)
    ordinary = {
        "single_step": np.ones(n), "multi_step": np.ones(n), "zero_gradient": np.zeros(n),
        "boundless": np.ones(n), "black_box": np.zeros(n),
    }  # fmt: skip
    return Predictions(
        np.arange(n).astype(str),
        {
            "target": np.zeros(n, np.int64),
            "answer": (smallest == 0).astype(np.int64),
            "smallest": smallest,
            "broken_by": np.where(np.isfinite(smallest) & (smallest > 0), "apgd-ce", ""),
            "sizes": np.tile(SIZES, (n, 1)),
            "reference": np.full(n, 4 / 255),
            **{k: np.asarray(v, np.uint8) for k, v in {**ordinary, **columns}.items()},
        },
    )


def evidence(linf: Predictions, **others: Predictions) -> Evidence:
    n = len(linf)
    clean = predictions_of(np.tile([1.0, 0.0], (n, 1)), np.zeros(n))
    return Evidence(clean, trials={"adversarial": {"linf": linf, **others}})


def by_subset(found: object) -> dict[str, Estimate | Absence]:
    return {estimate.subset: estimate for estimate in found}


def test_robust_accuracy_counts_what_is_right_and_withstands():
    found = by_subset(robust_accuracy(evidence(table([0, 0.4, 1, 3, 4, 4.1, np.inf, np.inf]))))
    counts = {"0.5/255": 6, "1/255": 5, "2/255": 5, "4/255": 3, "8/255": 2, "16/255": 2}
    for label, kept in counts.items():
        estimate = found[f"linf={label}"]
        assert estimate.value == kept / 8
        assert (estimate.ci_low, estimate.ci_high) == tuple(map(float, wilson(kept, 8)))
        assert estimate.n == 8
    assert found[""].value == 3 / 8
    curve = found[""].details["curves"]["linf"]
    assert curve["labels"][:2] == ["0/255", "0.5/255"]
    assert curve["accuracy"] == [7 / 8, *(kept / 8 for kept in counts.values())]
    assert curve["broken_by"] == {"apgd-ce": 5}
    assert isinstance(found["l2"], Absence)
    json.dumps(found[""].details)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0, 0.3, 0.5, 1, 3.3, 4, 9, 16, np.inf]), min_size=1, max_size=30))
def test_robust_accuracy_never_rises_with_the_size(smallest):
    curve = by_subset(robust_accuracy(evidence(table(smallest))))[""].details["curves"]["linf"]
    assert (np.diff(curve["accuracy"]) <= 0).all()
    assert all(
        low <= share <= high
        for low, share, high in zip(curve["low"], curve["accuracy"], curve["high"], strict=True)
    )


def test_two_models_that_were_attacked_on_the_same_items_are_paired():
    (whole, *_) = robust_accuracy(evidence(table(np.tile([1.0, 5.0], 100))))
    assert whole.replicates().mean() == pytest.approx(0.5, abs=0.01)
    assert whole.replicates().std() == pytest.approx(0.5 / np.sqrt(200), rel=0.1)


def test_the_median_is_of_right_answers_and_knows_what_it_does_not_know():
    (found,) = median_linf_perturbation(evidence(table([0, 0, 1, 2, 3, np.inf, np.inf])))
    assert (found.value, found.n) == (pytest.approx(3), 5)
    assert (found.ci_low, found.ci_high) == (pytest.approx(1), pytest.approx(16))
    assert found.details["unbroken"] == 2
    assert found.details["open"]
    assert found.details["quantiles"]["0.9"] is None
    with pytest.raises(NotApplicable, match=r"up to 16/255: 2 of 3"):
        list(median_linf_perturbation(evidence(table([1, np.inf, np.inf]))))
    with pytest.raises(NotApplicable, match="answered right"):
        list(median_linf_perturbation(evidence(table([0, 0]))))


@pytest.mark.parametrize("n", [5, 6, 20, 97, 385])
def test_the_interval_of_a_median_is_exact(n):
    low, high = (int(end) for end in median_interval(np.arange(n, dtype=float)))
    # It misses if at most `low` of the values, of all n, lie on one side of the median.
    missed = 2 * binomtest(low, n, 0.5, alternative="less").pvalue
    assert low == n - 1 - high
    assert missed <= 0.05 or low == 0
    assert low == 0 or 2 * binomtest(low + 1, n, 0.5, alternative="less").pvalue > 0.05


def test_no_sign_no_warning():
    found = by_subset(gradient_masking(evidence(table(np.tile([0.0, 1, 2, 3], 25)))))
    assert found[""].value == 0
    assert found[""].n == 75
    assert found[""].details == {"warning": None, "signs": {}}


@pytest.mark.parametrize(
    ("columns", "sign"),
    [
        ({"zero_gradient": [1] * 5 + [0] * 95}, "zero_gradient"),
        ({"boundless": [0] * 5 + [1] * 95}, "unbounded"),
        ({"multi_step": [0] * 5 + [1] * 95}, "single_step"),
        ({"black_box": [1] * 5 + [0] * 95}, "black_box"),
    ],
)
def test_every_sign_gives_a_warning(columns, sign):
    found = by_subset(gradient_masking(evidence(table(np.ones(100), **columns))))
    assert found[""].value == found[f"sign={sign}"].value == 0.05
    assert list(found[""].details["signs"]) == [sign]
    assert found[""].details["warning"].startswith("The accuracy under attack is probably too high")


def test_one_item_of_many_gives_no_warning():
    columns = {"zero_gradient": [1] + [0] * 99}
    found = by_subset(gradient_masking(evidence(table(np.ones(100), **columns))))
    assert found[""].value == 0.01
    assert found[""].details["warning"] is None


def test_signs_in_either_norm_count_and_absent_attacks_are_named():
    linf = table(np.ones(50)).without("black_box")
    l2 = table(np.ones(50), boundless=[0] * 10 + [1] * 40).without("black_box")
    found = by_subset(gradient_masking(evidence(linf, l2=l2)))
    assert found["sign=unbounded"].value == 0.2
    assert isinstance(found["sign=black_box"], Absence)


def test_without_attacks_all_measures_are_absent_with_the_reason():
    clean = predictions_of(np.eye(2), [0, 1])
    untried = {"adversarial": "it is held at effort full", "smoothing": "it was not asked for"}
    found = {m.name: m for m in measure_all(Evidence(clean, untried=untried))}
    for name in ("robust_accuracy", "median_linf_perturbation", "gradient_masking"):
        assert found[name].reason == "it is held at effort full"
    for name in ("certified_accuracy", "smoothed_accuracy", "average_certified_radius"):
        assert found[name].reason == "it was not asked for"
