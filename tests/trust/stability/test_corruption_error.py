"""Corruption errors, mCE and relative mCE: worked cases, the published constants, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.stability.corruption_accuracy import corruption_accuracy
from finetrust.trust.stability.corruption_error import (
    corruption_error,
    is_extra,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from finetrust.trust.stability.corruption_reference import ALEXNET, ALEXNET_CLEAN

from ..worlds import predictions_of
from .shifted_worlds import right_world

RIGHT = {
    "brightness-1": [1, 1, 1, 1],
    "brightness-3": [1, 1, 0, 0],
    "contrast-1": [1, 0, 0, 0],
    "contrast-3": [0, 0, 0, 0],
}
CLEAN = [1, 1, 1, 0]
NAMED = {
    "name": "runs/reference",
    "types": ["brightness", "contrast"],
    "severities": [1, 3],
    "errors": [[0.25, 0.75], [0.5, 1.0]],
    "clean": 0.125,
    "extra": [],
}


def by_subset(estimates: object) -> dict[str, Estimate]:
    return {estimate.subset: estimate for estimate in estimates}


def imagenet(seed: int = 0, n: int = 20) -> Evidence:
    """Return evidence on a thousand classes under all 15 types, of which each has an error of its own."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 1000, n)

    def table(name: str, error: float) -> object:
        wrong = rng.permutation(n) < round(error * n)
        answers = np.where(wrong, (targets + 1) % 1000, targets)
        return predictions_of(3 * np.eye(1000)[answers], targets, name=name)

    tables = {
        f"{name}-{severity}": table(f"{name}-{severity}", 0.1 * severity + 0.02 * i)
        for i, name in enumerate(ALEXNET)
        for severity in (1, 2, 3, 4, 5)
    }
    classes = ("tench, Tinca tinca", *map(str, range(999)))
    return Evidence(table("clean", 0.2), tables, classes=classes)


def test_types_count_the_same_and_within_a_type_severities() -> None:
    found = by_subset(corruption_error(right_world(RIGHT, CLEAN)))
    assert found["corruption=brightness"].value == pytest.approx(1 / 4)
    assert found["corruption=contrast"].value == pytest.approx(7 / 8)
    assert found[""].value == pytest.approx((1 / 4 + 7 / 8) / 2)
    assert found[""].details == {
        "types": ["brightness", "contrast"],
        "severities": [1, 3],
        "errors": [[0.0, 0.5], [0.75, 1.0]],
        "clean": 0.25,
        "extra": [],
    }


def test_a_severity_that_was_not_run_is_empty_in_the_heat_map() -> None:
    right = {name: RIGHT[name] for name in ("brightness-1", "contrast-3")}
    (whole, *_) = corruption_error(right_world(right, CLEAN))
    assert whole.details["errors"] == [[0.0, None], [None, 1.0]]


def test_extra_types_have_figures_but_no_part_in_the_mean() -> None:
    extra = {"speckle_noise-1": [0, 0, 0, 0], "saturate-1": [0, 0, 0, 0]}
    found = by_subset(corruption_error(right_world({**RIGHT, **extra}, CLEAN)))
    assert is_extra("speckle_noise")
    assert not is_extra("typos")
    assert found[""].value == pytest.approx((1 / 4 + 7 / 8) / 2)
    assert found["corruption=saturate"].value == 1
    assert found[""].details["extra"] == ["saturate", "speckle_noise"]
    with pytest.raises(NotApplicable, match="only extra types"):
        list(corruption_error(right_world(extra, CLEAN)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_it_is_one_minus_the_accuracy_under_corruption(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    evidence = right_world({name: rng.random(n) < 0.7 for name in RIGHT}, rng.random(n) < 0.9)
    errors, rates = by_subset(corruption_error(evidence)), by_subset(corruption_accuracy(evidence))
    for subset, error in errors.items():
        assert error.value == pytest.approx(1 - rates[subset].value)
        assert error.ci_low == pytest.approx(1 - rates[subset].ci_high, abs=0.02)


def test_nan_counts_as_wrong_and_poisons_no_mean() -> None:
    evidence = right_world({"fog-1": [1, 1, 1, 1]}, CLEAN)
    spoiled = {"fog-1": evidence.perturbed["fog-1"]}
    spoiled["fog-1"]["logits"][0] = np.nan
    (whole, *_) = corruption_error(replace(evidence, perturbed=spoiled))
    assert whole.value == 1 / 4
    assert whole.n == 4


def test_mce_divides_by_the_errors_of_the_named_run() -> None:
    evidence = right_world(RIGHT, CLEAN, data={"corruption_reference": NAMED})
    found = by_subset(mean_corruption_error(evidence))
    # CE = sum of errors / sum of the reference's: 0.5 / 1.0 and 1.75 / 1.5.
    assert found["corruption=brightness"].value == pytest.approx(0.5)
    assert found["corruption=contrast"].value == pytest.approx(1.75 / 1.5)
    assert found[""].value == pytest.approx((0.5 + 1.75 / 1.5) / 2)
    assert found[""].details == {"reference": "runs/reference"}
    relative = by_subset(relative_mean_corruption_error(evidence))
    # (0.5 - 2 * 0.25) / (1.0 - 2 * 0.125) and (1.75 - 0.5) / (1.5 - 0.25).
    assert relative["corruption=brightness"].value == pytest.approx(0)
    assert relative["corruption=contrast"].value == pytest.approx(1)
    assert relative[""].value == pytest.approx(0.5)


def test_on_imagenet_alexnet_is_one_hundred_percent() -> None:
    evidence = imagenet()
    (whole, *types) = mean_corruption_error(evidence)
    assert whole.details == {"reference": "AlexNet"}
    heat = next(iter(corruption_error(evidence))).details
    errors = dict(zip(heat["types"], np.mean(heat["errors"], axis=1), strict=True))
    assert whole.value == pytest.approx(np.mean([errors[name] / ALEXNET[name] for name in ALEXNET]))
    assert len(types) == 15
    (relative, *_) = relative_mean_corruption_error(evidence)
    expected = [(errors[n] - heat["clean"]) / (ALEXNET[n] - ALEXNET_CLEAN) for n in ALEXNET]
    assert relative.value == pytest.approx(np.mean(expected))
    assert whole.ci_low < whole.value < whole.ci_high


def test_the_errors_of_alexnet_are_the_means_of_those_published_by_severity() -> None:
    by_severity = {
        "gaussian_noise": (0.69528, 0.82542, 0.93554, 0.98138, 0.99452),
        "shot_noise": (0.71224, 0.85108, 0.93574, 0.98182, 0.99146),
        "impulse_noise": (0.78374, 0.89808, 0.9487, 0.9872, 0.99548),
        "defocus_blur": (0.65624, 0.73202, 0.85036, 0.91364, 0.94714),
        "glass_blur": (0.64308, 0.75054, 0.88806, 0.91622, 0.93344),
        "motion_blur": (0.5843, 0.70048, 0.82108, 0.8975, 0.92638),
    }
    for name, errors in by_severity.items():
        assert ALEXNET[name] == pytest.approx(np.mean(errors), abs=1e-6)
    assert len(ALEXNET) == 15


def test_no_error_among_few_items_is_little_in_units_of_a_reference_that_makes_few() -> None:
    n = 40
    right = {name: np.ones(n) for name in RIGHT}
    named = {**NAMED, "errors": [[0.05, 0.05], [0.1, 0.1]], "clean": 0.03}
    evidence = right_world(right, np.ones(n), data={"corruption_reference": named})
    most = float(wilson(0, n)[1])
    found = by_subset(mean_corruption_error(evidence))
    assert (found[""].value, found[""].ci_low) == (0, 0)
    assert found["corruption=brightness"].ci_high == pytest.approx(most / 0.05)
    assert found[""].ci_high == pytest.approx(most * (1 / 0.05 + 1 / 0.1) / 2)
    low, high = paired_difference(0, 0, n)
    found = by_subset(relative_mean_corruption_error(evidence))
    assert found["corruption=brightness"].ci_low == pytest.approx(low / 0.02)
    assert found["corruption=contrast"].ci_high == pytest.approx(high / 0.07)


def test_without_a_reference_there_is_no_mce() -> None:
    with pytest.raises(NotApplicable, match="ImageNet's 1,000 classes"):
        list(mean_corruption_error(right_world(RIGHT, CLEAN)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"severities": [1, 5]}, "other types or severities"),
        ({"errors": [[0.0, 0.0], [0.5, 1.0]]}, "makes no error under brightness"),
    ],
)
def test_a_reference_that_cannot_be_compared_with_is_refused(change: dict, reason: str) -> None:
    evidence = right_world(RIGHT, CLEAN, data={"corruption_reference": {**NAMED, **change}})
    with pytest.raises(NotApplicable, match=reason):
        list(mean_corruption_error(evidence))


def test_a_reference_that_loses_nothing_has_no_relative_error() -> None:
    named = {**NAMED, "clean": 0.5}
    evidence = right_world(RIGHT, CLEAN, data={"corruption_reference": named})
    with pytest.raises(NotApplicable, match="loses nothing under brightness"):
        list(relative_mean_corruption_error(evidence))


def test_a_part_of_the_types_is_not_held_against_alexnet() -> None:
    evidence = imagenet()
    some = {name: table for name, table in evidence.perturbed.items() if name[-1] in "135"}
    with pytest.raises(NotApplicable, match="other types or severities"):
        list(mean_corruption_error(replace(evidence, perturbed=some)))


def test_replicates_scatter_as_the_interval_says() -> None:
    rng = np.random.default_rng(0)
    evidence = right_world({name: rng.random(400) < 0.7 for name in RIGHT}, rng.random(400) < 0.9)
    (whole, *_) = corruption_error(evidence)
    drawn = whole.replicates()
    assert drawn.mean() == pytest.approx(whole.value, abs=0.005)
    assert 3.92 * drawn.std() == pytest.approx(whole.ci_high - whole.ci_low, rel=0.1)
