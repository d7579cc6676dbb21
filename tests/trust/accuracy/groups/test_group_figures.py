"""Every measure within every subgroup, the worst one, and the gap."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.trust.accuracy.groups.group_figures import group_measures

from ...families import FAMILIES
from ...worlds import calibrated_world, evidence_of, logits_for, tables


def figures_of(evidence: Evidence, *names: str, main: str = "accuracy") -> dict[str, Measure]:
    definitions = [measures.get(name) for name in names]
    return {measure.key: measure for measure in group_measures(evidence, definitions, main)}


def with_accuracies(n: int, **accuracy: float) -> Evidence:
    """Return evidence of groups of n items, in each of which that share is right."""
    site = np.repeat(list(accuracy), n)
    right = np.concatenate([np.arange(n) < round(n * share) for share in accuracy.values()])
    return evidence_of(logits_for(1 - right, 2), np.zeros(len(site)), groups={"site": site})


@given(tables(answered=False))
def test_every_subgroup_has_the_accuracy_of_its_items_alone(table: tuple) -> None:
    logits, targets = table
    site = np.array(["a", "b", "c"])[np.arange(len(targets)) % 3]
    found = figures_of(evidence_of(logits, targets, groups={"site": site}), "accuracy")
    for value in set(site.tolist()):
        of = found[f"accuracy[site={value}]"]
        alone = site == value
        (expected, *_) = measures.get("accuracy").estimate(
            evidence_of(logits[alone], targets[alone])
        )
        assert (of.value, of.n) == (expected.value, alone.sum())
        assert (of.ci_low, of.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("classes", "nll"),
        ("classes", "macro_f1"),
        ("labels", "label_micro_f1"),
        ("tags", "entity_f1"),
        ("masks", "miou"),
        ("boxes", "ap"),
    ],
)
def test_measures_of_every_task_are_divided(family: str, name: str) -> None:
    evidence = FAMILIES[family]
    half = np.array(["even", "odd"])[np.arange(len(evidence.clean)) % 2]
    found = figures_of(replace(evidence, groups={"half": half}), name, main=name)
    for value in ("even", "odd"):
        part = replace(evidence, groups={}).take(np.flatnonzero(half == value))
        expected = next(e for e in measures.get(name).estimate(part) if not e.subset)
        assert found[f"{name}[half={value}]"].value == pytest.approx(expected.value)
    assert found[f"worst_group.{name}"].value is not None
    gap = found[f"group_gap.{name}"]
    both = [found[f"{name}[half={value}]"].value for value in ("even", "odd")]
    assert gap.value == pytest.approx(abs(both[0] - both[1]))
    assert not gap.secondary


def test_the_worst_group_is_named() -> None:
    found = figures_of(with_accuracies(100, north=0.9, south=0.7, west=0.95), "accuracy")
    worst, gap = found["worst_group.accuracy"], found["group_gap.accuracy"]
    assert worst.value == pytest.approx(0.7)
    assert worst.n == 100
    assert worst.details["group"] == "south"
    assert gap.value == pytest.approx(0.25)
    assert (gap.details["best"], gap.details["worst"]) == ("west", "south")
    assert gap.better == "lower"
    assert gap.ci_low > 0
    alone = found["accuracy[site=south]"]
    assert worst.ci_low < alone.ci_low


def test_where_lower_is_better_the_worst_is_the_highest() -> None:
    evidence = with_accuracies(100, north=0.9, south=0.7)
    found = figures_of(evidence, "nll")
    worst = found["worst_group.nll"]
    assert worst.details["group"] == "south"
    assert worst.value == max(found["nll[site=north]"].value, found["nll[site=south]"].value)
    assert worst.ci_low <= worst.value < worst.ci_high
    assert worst.secondary


def test_the_gap_is_within_one_column() -> None:
    evidence = with_accuracies(100, north=1.0, south=0.9)
    right = np.arange(200) % 100 < 85
    other = np.where(right, "day", "night")
    found = figures_of(replace(evidence, groups={**evidence.groups, "time": other}), "accuracy")
    day, night = found["accuracy[time=day]"].value, found["accuracy[time=night]"].value
    assert found["group_gap.accuracy"].value == pytest.approx(day - night)
    assert found["group_gap.accuracy"].details["column"] == "time"
    assert found["worst_group.accuracy"].value == night


def test_small_groups_are_told_shares_and_are_not_compared() -> None:
    logits, targets = calibrated_world(49, 3, seed=0)
    site = np.repeat(["a", "b", "c"], [20, 20, 9])
    found = figures_of(evidence_of(logits, targets, groups={"site": site}), "accuracy", "nll")
    assert found["accuracy[site=c]"].n == 9
    assert "nll[site=c]" not in found
    assert found["worst_group.accuracy"].details["groups"] == 2
    assert found["worst_group.accuracy"].details["left_out"] == 1


def test_a_column_of_identifiers_does_not_flood() -> None:
    logits, targets = calibrated_world(60, 3, seed=0)
    ids = np.arange(60).astype(str)
    found = figures_of(evidence_of(logits, targets, groups={"patient": ids}), "accuracy")
    assert list(found) == ["worst_group.accuracy", "group_gap.accuracy"]
    assert {m.reason for m in found.values()} == {
        "fewer than two subgroups have a value and at least 10 items"
    }


def test_without_columns_the_main_measure_says_so() -> None:
    found = figures_of(evidence_of([[0.0, 1.0]], [0]), "accuracy", "nll")
    assert list(found) == ["worst_group.accuracy", "group_gap.accuracy"]
    assert found["worst_group.accuracy"].reason == "the evaluation data have no subgroup columns"


def test_a_measure_that_one_group_does_not_have_is_left_out_there() -> None:
    evidence = with_accuracies(50, all_right=1.0, some=0.8, most=0.9)
    found = figures_of(evidence, "confidence_on_errors")
    assert "confidence_on_errors[site=all_right]" not in found
    assert found["worst_group.confidence_on_errors"].details["left_out"] == 1


def test_figures_of_groups_carry_no_plots() -> None:
    found = figures_of(with_accuracies(50, a=0.9, b=0.8), "accuracy")
    assert found["accuracy[site=a]"].details == {"column": "site", "group": "a"}
    assert found["accuracy[site=a]"].topic == "groups"
