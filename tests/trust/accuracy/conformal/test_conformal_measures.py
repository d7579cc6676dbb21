"""Coverage, size, worst class and worst size of prediction sets, as measures of evidence."""

from collections.abc import Callable

import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Absence, Estimate
from finetrust.trust.accuracy.conformal.conformal_coverage import conformal_coverage
from finetrust.trust.accuracy.conformal.conformal_set_size import conformal_set_size
from finetrust.trust.accuracy.conformal.conformal_size_stratified_coverage import (
    conformal_size_stratified_coverage,
)
from finetrust.trust.accuracy.conformal.conformal_worst_class_coverage import (
    conformal_worst_class_coverage,
)
from finetrust.trust.accuracy.conformal.sets import lac_sets

from ...worlds import calibrated_world, evidence_of, predictions_of

LOGITS, TARGETS = calibrated_world(800, 5, seed=0)
VALIDATION = predictions_of(*calibrated_world(500, 5, seed=1))
EVIDENCE = evidence_of(LOGITS, TARGETS, validation=VALIDATION, classes=tuple("abcde"))
ALL: tuple[Callable, ...] = (
    conformal_coverage,
    conformal_set_size,
    conformal_size_stratified_coverage,
    conformal_worst_class_coverage,
)


def by_subset(measure: Callable, evidence: object = EVIDENCE) -> dict[str, Estimate]:
    return {e.subset: e for e in measure(evidence) if isinstance(e, Estimate)}


@pytest.mark.parametrize("measure", ALL)
def test_the_whole_is_lac_at_90_percent_and_the_parts_are_for_closer_looks(
    measure: Callable,
) -> None:
    found = by_subset(measure)
    assert next(iter(found)) == ""
    whole, part = found[""], found["method=lac,coverage=90%"]
    assert (whole.value, whole.ci_low, whole.ci_high) == (part.value, part.ci_low, part.ci_high)
    methods = {"lac", "aps", "raps", "aps_randomised", "raps_randomised", "lac_by_class"}
    wanted = {f"method={m},coverage={c}%" for m in methods for c in (90, 95)}
    assert set(found) == {"", *wanted}


def test_coverage_stands_beside_the_interval_of_its_law() -> None:
    found = by_subset(conformal_coverage)
    covered = lac_sets(EVIDENCE)[0.9].covered
    assert found[""].value == covered.mean()
    low, high = found[""].details["expected"]
    assert low < 0.9 < high
    assert low <= found[""].value <= high
    assert found[""].details["n_validation"] == 500
    assert found["method=lac_by_class,coverage=90%"].details["expected"] is None
    replicates = found[""].replicates
    assert replicates is not None
    assert replicates().mean() == pytest.approx(covered.mean(), abs=0.002)


def test_sizes_are_counted() -> None:
    found = by_subset(conformal_set_size)[""]
    sizes, counts = found.details["sizes"], found.details["counts"]
    assert sum(counts) == 800
    assert found.value == pytest.approx(np.dot(sizes, counts) / 800)


def test_sets_of_one_size_leave_a_class_of_doubt() -> None:
    certain = evidence_of(50 * np.eye(4)[[0, 1, 2, 3] * 10], [0, 1, 2, 3] * 10)
    found = by_subset(conformal_set_size, evidence_of(
        certain.clean["logits"], certain.clean["target"], validation=certain.clean
    ))[""]  # fmt: skip
    assert found.value == 1
    assert 0.9 < found.ci_low < 1 < found.ci_high < 1.1


def test_the_worst_class_is_named_and_its_interval_holds_for_all() -> None:
    found = by_subset(conformal_worst_class_coverage)[""]
    covered = lac_sets(EVIDENCE)[0.9].covered
    each = [covered[c == TARGETS].mean() for c in range(5)]
    assert found.value == min(each)
    assert found.details["class"] == "abcde"[int(np.argmin(each))]
    assert found.n == (np.argmin(each) == TARGETS).sum()
    few = evidence_of(LOGITS[:20], np.arange(20) % 5, validation=VALIDATION)
    with pytest.raises(NotApplicable, match="no class has 10 test items"):
        list(conformal_worst_class_coverage(few))


def test_the_worst_class_interval_covers_the_lowest_true_coverage() -> None:
    rng = np.random.default_rng(0)
    from finetrust.trust.accuracy.conformal.conformal_worst_class_coverage import lowest_share

    true, n = np.array([0.9, 0.9, 0.88, 0.92, 0.9]), np.full(5, 120)
    hit = []
    for _ in range(400):
        _, _, low, high = lowest_share(rng.binomial(n, true), n)
        hit.append(low <= true.min() <= high)
    assert np.mean(hit) >= 0.94


def test_every_stratum_of_sizes_is_told_and_the_worst_is_the_value() -> None:
    found = by_subset(conformal_size_stratified_coverage)[""]
    strata = found.details["strata"]
    assert found.value == min(s["coverage"] for s in strata)
    assert sum(s["n"] for s in strata) <= 800
    sets = lac_sets(EVIDENCE)[0.9]
    within = (sets.size == 2) | (sets.size == 3)
    (two,) = (s for s in strata if s["sizes"] == "2-3")
    assert (two["n"], two["coverage"]) == (within.sum(), sets.covered[within].mean())


@pytest.mark.parametrize("measure", ALL)
def test_too_few_validation_items_are_told_what_they_can_give(measure: Callable) -> None:
    few = evidence_of(LOGITS, TARGETS, validation=VALIDATION.take(np.arange(8)))
    with pytest.raises(NotApplicable, match=r"8 validation items .* 88.9% at most; 90% takes 9"):
        list(measure(few))
    some = evidence_of(LOGITS, TARGETS, validation=VALIDATION.take(np.arange(12)))
    absent = [e for e in measure(some) if isinstance(e, Absence)]
    assert [e.subset for e in absent] == ["method=lac,coverage=95%"]
    assert "95% takes 19" in absent[0].reason
    with pytest.raises(NotApplicable, match="no predictions for validation data"):
        list(measure(evidence_of(LOGITS, TARGETS)))


def test_a_shifted_test_set_leaves_the_interval() -> None:
    shifted = evidence_of(
        LOGITS + 2 * np.random.default_rng(0).normal(size=LOGITS.shape),
        TARGETS,
        validation=VALIDATION,
    )
    found = by_subset(conformal_coverage, shifted)[""]
    assert found.value < found.details["expected"][0]


def test_one_class_and_one_item() -> None:
    one = evidence_of(np.zeros((1, 1)), [0], validation=predictions_of(np.zeros((30, 1)), [0] * 30))
    assert by_subset(conformal_coverage, one)[""].value == 1
    size = by_subset(conformal_set_size, one)[""]
    assert (size.value, size.ci_high) == (1, 1)
