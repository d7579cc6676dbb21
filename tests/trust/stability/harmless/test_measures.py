"""Figures over the orbit of harmless changes, by hand and by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson

from ...worlds import logits_for, predictions_of

NAMES = (
    "harmless_accuracy",
    "harmless_any_flip",
    "harmless_confidence_change",
    "harmless_consistency",
    "harmless_worst_case_accuracy",
)


def changed(logits: object, targets: object, ids: object = None, altered: bool = True):
    table = predictions_of(logits, targets, ids)
    flags = np.full(len(table), altered)
    return Predictions(table.ids, {**table.columns, "altered": flags}, "test", "changed")


def world(clean: object, answers: dict[str, object], targets: object, **rest: object) -> Evidence:
    """Return evidence in which the model gives the named answers, of three classes."""
    tables = {name: changed(logits_for(answer, 3), targets) for name, answer in answers.items()}
    untouched = predictions_of(logits_for(clean, 3), targets)
    return Evidence(untouched, trials={"harmless_changes": tables}, **rest)


def random_world(n: int, seed: int, loss: float = 0.1) -> Evidence:
    """Return evidence in which each change flips a share `loss` of the answers, and which are right."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, n)
    clean = np.where(rng.random(n) < 0.8, targets, (targets + 1) % 3)
    names = ("flip.horizontal", "shift.left-1", "shift.right-1", "jpeg.quality-50")
    answers = {
        name: np.where(rng.random(n) < loss, (clean + rng.integers(1, 3, n)) % 3, clean)
        for name in names
    }
    return world(clean, answers, targets, seed=seed)


def measured(name: str, evidence: Evidence) -> dict[str, Estimate]:
    found = measures.get(name).estimate(evidence)
    return {e.subset: e for e in found if isinstance(e, Estimate)}


BY_HAND = world(
    [0, 1, 2, 0],
    {
        "flip.horizontal": [0, 1, 2, 1],
        "shift.left-1": [0, 1, 0, 0],
        "shift.right-1": [0, 0, 2, 0],
    },
    [0, 1, 2, 1],
)


@pytest.mark.parametrize(
    ("name", "whole", "flip", "shift"),
    [
        ("harmless_consistency", (3 / 4 + 6 / 8) / 2, 3 / 4, 6 / 8),
        ("harmless_accuracy", (1 + 4 / 8) / 2, 1, 4 / 8),
        ("harmless_worst_case_accuracy", 1 / 4, 3 / 4, 1 / 4),
        ("harmless_any_flip", 3 / 4, 1 / 4, 2 / 4),
    ],
)
def test_shares_are_those_counted_by_hand(name: str, whole: float, flip: float, shift: float):
    found = measured(name, BY_HAND)
    assert set(found) == {"", "change=flip", "change=shift"}
    assert found[""].value == pytest.approx(whole)
    assert found["change=flip"].value == pytest.approx(flip)
    assert found["change=shift"].value == pytest.approx(shift)
    assert {estimate.n for estimate in found.values()} == {4}


def test_single_changes_are_in_the_details():
    details = measured("harmless_consistency", BY_HAND)[""].details
    assert details == {"flip": {"horizontal": 0.75}, "shift": {"left-1": 0.75, "right-1": 0.75}}
    names = measured("harmless_any_flip", BY_HAND)[""].details["changes"]
    assert names == {"flip": ["horizontal"], "shift": ["left-1", "right-1"]}


def test_the_worst_change_of_confidence_is_told():
    clean = predictions_of([[1.0, 0], [2.0, 0]], [0, 0])
    tables = {
        "flip.horizontal": changed([[1.0, 0], [0.0, 0]], [0, 0]),
        "jpeg.quality-50": changed([[3.0, 0], [1.0, 0]], [0, 0]),
    }
    evidence = Evidence(clean, trials={"harmless_changes": tables}, calibration={"temperature": 2})

    def confidence(logit: float) -> float:
        return 1 / (1 + np.exp(-logit / 2))

    moved = [confidence(3) - confidence(1), confidence(2) - confidence(0)]
    found = measured("harmless_confidence_change", evidence)
    assert found[""].value == pytest.approx(np.mean(moved))
    assert found["change=flip"].value == pytest.approx(moved[1] / 2)
    assert found[""].details["largest"] == pytest.approx(max(moved))
    worst = int(np.argmax(moved))
    assert found[""].details["largest_of"] == str(worst)
    under = ("jpeg quality-50", "flip horizontal")[worst]
    assert found[""].details["largest_under"] == under


def test_an_item_without_an_answer_is_wrong_not_kept_and_named():
    evidence = random_world(20, seed=1, loss=0)
    tables = evidence.trials["harmless_changes"]
    tables["flip.horizontal"]["logits"][3] = np.nan
    evidence.clean["logits"][5] = np.inf
    for table in (evidence.clean, *tables.values()):
        table["logits"][7] = np.nan
    kept = measured("harmless_consistency", evidence)
    assert kept["change=flip"].value == pytest.approx(17 / 20)
    assert kept["change=shift"].value == pytest.approx(18 / 20)
    assert measured("harmless_any_flip", evidence)[""].value == pytest.approx(3 / 20)
    moved = measured("harmless_confidence_change", evidence)[""]
    assert moved.n == 17
    assert moved.details["without_answer"] == ["3", "5", "7"]


@given(st.integers(1, 40), st.integers(0, 500), st.sampled_from([0.0, 0.1, 0.6, 1.0]))
def test_figures_agree_with_each_other(n: int, seed: int, loss: float):
    evidence = random_world(n, seed, loss)
    found = {name: measured(name, evidence) for name in NAMES}
    for estimates in found.values():
        for estimate in estimates.values():
            assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
    worst, mean = found["harmless_worst_case_accuracy"], found["harmless_accuracy"]
    for subset in worst:
        assert worst[subset].value <= mean[subset].value + 1e-12
        assert worst[""].value <= worst[subset].value
        flips = found["harmless_any_flip"][subset].value
        assert 1 - flips <= found["harmless_consistency"][subset].value + 1e-12


@given(st.integers(2, 30), st.integers(0, 100))
def test_the_order_of_tables_does_not_matter(n: int, seed: int):
    evidence = random_world(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    mixed = {name: t.take(order) for name, t in evidence.trials["harmless_changes"].items()}
    other = Evidence(evidence.clean, trials={"harmless_changes": mixed}, seed=seed)
    for name in NAMES:
        assert measured(name, other) == measured(name, evidence)


def test_a_group_is_judged_on_its_own_items():
    evidence = random_world(40, seed=2)
    rows = np.arange(5, 30)
    for name in NAMES:
        found = measured(name, evidence.take(rows))
        assert found[""].n == 25
    kept = measured("harmless_any_flip", evidence.take(rows))[""]
    tables = evidence.trials["harmless_changes"].values()
    answers = evidence.clean["logits"].argmax(1)
    flips = np.any([t["logits"].argmax(1) != answers for t in tables], axis=0)
    assert kept.value == pytest.approx(flips[rows].mean())


def test_shares_of_items_have_wilson_intervals_and_means_cover_what_is_true():
    found = measured("harmless_any_flip", random_world(50, seed=0))[""]
    low, high = wilson(found.value * 50, 50)
    assert (found.ci_low, found.ci_high) == pytest.approx((float(low), float(high)))
    hits = 0
    for seed in range(200):
        kept = measured("harmless_consistency", random_world(120, seed, loss=0.15))[""]
        hits += kept.ci_low <= 0.85 <= kept.ci_high
    assert hits / 200 == pytest.approx(0.95, abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_replicates_are_the_figure_on_resamples_of_the_items(name: str):
    evidence = random_world(150, seed=4)
    for estimate in measured(name, evidence).values():
        drawn = estimate.replicates()
        assert drawn.shape == (1000,)
        spread = drawn.std()
        assert drawn.mean() == pytest.approx(estimate.value, abs=4 * spread / 30 + 1e-12)
        half = (estimate.ci_high - estimate.ci_low) / 2
        assert half == pytest.approx(1.96 * spread, rel=0.25, abs=0.02)


def test_families_that_alter_nothing_are_absent_and_count_for_nothing():
    evidence = random_world(12, seed=0)
    still = changed(evidence.clean["logits"], evidence.clean["target"], altered=False)
    tables = {**evidence.trials["harmless_changes"], "resize.pil-bicubic": still}
    more = Evidence(evidence.clean, trials={"harmless_changes": tables})
    for name in NAMES:
        assert measured(name, more) == measured(name, evidence)
        absent = [e for e in measures.get(name).estimate(more) if isinstance(e, Absence)]
        assert [e.subset for e in absent] == ["change=resize"]
        assert "alter no pixel" in absent[0].reason


def test_without_the_trial_the_reason_is_told():
    clean = predictions_of(logits_for([0, 1], 2), [0, 1])
    untried = Evidence(clean, untried={"harmless_changes": "no harmless change was asked for"})
    strangers = Evidence(
        clean,
        trials={"harmless_changes": {"flip.horizontal": changed(np.eye(2), [0, 1], ["a", "b"])}},
    )
    for name in NAMES:
        with pytest.raises(NotApplicable, match="no harmless change was asked for"):
            measured(name, untried)
        with pytest.raises(NotApplicable, match="no item"):
            measured(name, strangers)
