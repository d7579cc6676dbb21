"""Equalised odds and demographic parity."""

from collections.abc import Iterable

import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.trust.accuracy.groups.fairness import demographic_parity_gap, equalised_odds_gap

from ...worlds import evidence_of, logits_for


def judged(targets: object, predicted: object, classes: int, **groups: object) -> Evidence:
    return evidence_of(
        logits_for(predicted, classes),
        targets,
        groups={name: np.asarray(values) for name, values in groups.items()},
        protected=tuple(groups),
        classes=tuple("abcdef"[:classes]),
    )


def only(estimates: Iterable[Estimate | Absence]) -> Estimate:
    (found,) = estimates
    assert isinstance(found, Estimate)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_of_two_classes_they_are_those_of_fairlearn(seed: int) -> None:
    reference = pytest.importorskip("fairlearn.metrics")
    rng = np.random.default_rng(seed)
    targets, predicted = rng.integers(0, 2, (2, 300))
    sex = rng.choice(["f", "m", "x"], 300)
    evidence = judged(targets, predicted, 2, sex=sex)
    odds, parity = only(equalised_odds_gap(evidence)), only(demographic_parity_gap(evidence))
    assert odds.value == pytest.approx(
        reference.equalized_odds_difference(targets, predicted, sensitive_features=sex)
    )
    assert parity.value == pytest.approx(
        reference.demographic_parity_difference(targets, predicted, sensitive_features=sex)
    )
    assert odds.subset == parity.subset == "sex"


def test_of_several_classes_they_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(0)
    targets, predicted = rng.integers(0, 4, (2, 800))
    sex = rng.choice(["f", "m"], 800)
    evidence = judged(targets, predicted, 4, sex=sex)
    f, m = sex == "f", sex == "m"
    odds, parity = [], []
    for c in range(4):
        for among in (targets == c, targets != c):
            rates = [(predicted[g & among] == c).mean() for g in (f, m)]
            odds.append(abs(rates[0] - rates[1]))
        parity.append(abs((predicted[f] == c).mean() - (predicted[m] == c).mean()))
    assert only(equalised_odds_gap(evidence)).value == pytest.approx(max(odds))
    assert only(demographic_parity_gap(evidence)).value == pytest.approx(max(parity))


def test_a_group_whose_class_is_missed_is_named() -> None:
    targets = np.tile([0, 1, 2], 200)
    sex = np.repeat(["f", "m"], 300)
    missed = (sex == "f") & (targets == 2) & (np.arange(600) % 2 == 0)
    found = only(equalised_odds_gap(judged(targets, np.where(missed, 0, targets), 3, sex=sex)))
    assert found.value == pytest.approx(0.5)
    assert found.details == {
        "class": "c",
        "rate": "true positive rate",
        "highest": "m",
        "lowest": "f",
        "groups": 2,
    }
    assert found.ci_low > 0.3


def test_equal_treatment_has_no_gap() -> None:
    targets = np.tile([0, 1], 200)
    found = only(equalised_odds_gap(judged(targets, targets, 2, sex=np.repeat(["f", "m"], 200))))
    assert (found.value, found.ci_low) == (0, 0)
    assert found.ci_high > 0


def test_each_protected_column_is_told_and_no_other() -> None:
    targets = np.tile([0, 1], 100)
    evidence = judged(
        targets, targets, 2, sex=np.repeat(["f", "m"], 100), alone=np.repeat(["x"], 200)
    )
    odds, other = equalised_odds_gap(evidence)
    assert odds.subset == "sex"
    assert other == Absence("no rate rests on at least 10 items in two of its groups", "alone")


def test_without_protected_columns_they_do_not_apply() -> None:
    evidence = evidence_of([[0.0, 1.0]], [0], groups={"site": np.array(["a"])})
    for gap in (equalised_odds_gap, demographic_parity_gap):
        with pytest.raises(NotApplicable, match="named as a protected attribute"):
            list(gap(evidence))
