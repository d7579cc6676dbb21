"""Each measure of two models, by the method that fits it."""

from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.comparison import Difference
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.trust.comparison import bootstrap, shares, unpaired
from finetrust.trust.comparison.differences import SAME, Paired, difference, unpaired_difference
from finetrust.trust.comparison.flips import flips
from finetrust.trust.comparison.holm import holm

from ..worlds import evidence_of

CLASSES = ("cat", "dog", "eel")


def model(n: int, seed: int, items: int = 0, skill: float = 1.5, **rest: object) -> Evidence:
    """Return the answers of one of several equally good models on the same items."""
    own, common = np.random.default_rng([seed, 1]), np.random.default_rng([items, 2])
    targets = common.integers(0, 3, n)
    shared = common.normal(size=(n, 3))
    logits = skill * np.eye(3)[targets] + shared + own.normal(size=(n, 3))
    return evidence_of(logits, targets, classes=CLASSES, seed=7, **rest)


def measured(name: str, evidence: Evidence, subset: str = "") -> Measure:
    definition = measures.get(name)
    found = {e.subset: e for e in definition.estimate(evidence)}
    return definition.measure(found[subset])


def compared(name: str, one: Evidence, other: Evidence, subset: str = "") -> Difference:
    figures = measured(name, one, subset), measured(name, other, subset)
    return difference("b", *figures, Paired(one, other))


def test_accuracies_are_compared_item_by_item() -> None:
    one, other = model(200, 0), model(200, 1, skill=2.5)
    found = compared("accuracy", one, other)
    before, after = (e.clean["logits"].argmax(axis=1) == e.clean["target"] for e in (one, other))
    gained, lost = (after & ~before).sum(), (before & ~after).sum()
    assert found.method == shares.METHOD
    assert found.difference == pytest.approx((gained - lost) / 200)
    assert found.p_value == shares.mcnemar(int(gained), int(lost))


def test_the_recall_of_a_class_is_compared_on_its_items_alone() -> None:
    one, other = model(200, 0), model(200, 1)
    of_dogs = one.clean["target"] == 1
    dogs = [e.take(np.flatnonzero(of_dogs)) for e in (one, other)]
    found, alone = compared("recall", one, other, "class=dog"), compared("accuracy", *dogs)
    assert found.method == shares.METHOD
    assert (found.ci_low, found.ci_high, found.p_value) == (
        alone.ci_low, alone.ci_high, alone.p_value,
    )  # fmt: skip


def test_other_measures_are_compared_on_the_same_resamples() -> None:
    found = compared("macro_f1", model(200, 0), model(200, 1))
    assert found.method == bootstrap.METHOD
    assert found.paired


def test_a_subgroup_is_compared_within_itself() -> None:
    site = np.array(["north", "south"])[np.arange(200) % 2]
    one, other = (model(200, seed, groups={"site": site}) for seed in (0, 1))
    north = [e.take(np.flatnonzero(site == "north")) for e in (one, other)]
    figures = [replace(measured("macro_f1", e), subset="site=north") for e in north]
    found, alone = difference("b", *figures, Paired(one, other)), compared("macro_f1", *north)
    assert found.method == bootstrap.METHOD
    assert (found.ci_low, found.ci_high) == (alone.ci_low, alone.ci_high)


def test_a_profile_that_another_version_wrote_is_compared_by_its_intervals() -> None:
    one, other = model(200, 0), model(200, 1)
    test = Paired(one, other)
    for name in ("accuracy", "macro_f1"):
        old = replace(measured(name, one), value=0.5, ci_low=0.4, ci_high=0.6)
        found = difference("b", old, measured(name, other), test)
        assert found.method == unpaired.METHOD
        assert not found.paired


def test_pairs_are_sharper_than_samples_of_their_own() -> None:
    one, other = model(400, 0), model(400, 1)
    for name in ("accuracy", "macro_f1"):
        figures = measured(name, one), measured(name, other)
        paired = difference("b", *figures, Paired(one, other))
        apart = difference("b", *figures, unpaired_difference)
        assert paired.ci_high - paired.ci_low < apart.ci_high - apart.ci_low


def test_a_model_does_not_differ_from_itself() -> None:
    one = model(100, 0)
    for name in ("accuracy", "macro_f1"):
        found = compared(name, one, one)
        assert found.difference == 0
        assert found.p_value == 1
        assert found.verdict == "not shown"


def test_lower_is_better_turns_the_gain_around() -> None:
    worse, better = model(300, 0, skill=0.5), model(300, 1, skill=3)
    found = replace(compared("nll", worse, better), adjusted_p=0.001)
    assert found.difference < 0
    assert found.gain == (-found.difference, -found.ci_high, -found.ci_low)
    assert found.verdict == "better"
    assert replace(found, adjusted_p=0.06).verdict == "not shown"


def test_equal_models_are_told_apart_at_most_one_time_in_twenty() -> None:
    names = ("accuracy", "macro_f1", "nll")
    wrong = 0
    for trial in range(60):
        one, other = (model(120, 2 * trial + k, items=trial) for k in (0, 1))
        p_values = [compared(name, one, other).p_value for name in names]
        wrong += holm(np.array(p_values)).min() <= 0.05
    assert wrong <= 8  # of 60 at 5 %, more come once in a thousand times


def test_flips_name_the_items_and_the_answers() -> None:
    one = evidence_of(np.eye(3)[[0, 1, 2, 0]], [0, 1, 0, 1], classes=CLASSES)
    logits = np.eye(3)[[0, 2, 0, 2]]
    logits[0] = np.nan
    found = flips(one, evidence_of(logits, [0, 1, 0, 1], classes=CLASSES), "b")
    assert found is not None
    assert (found.n, found.n_lost, found.n_gained) == (4, 2, 1)
    assert (found.lost, found.won) == (["0", "1"], ["2"])
    assert found.columns() == {
        "run": ["b"] * 3,
        "id": ["0", "1", "2"],
        "change": ["right to wrong", "right to wrong", "wrong to right"],
        "target": ["cat", "dog", "cat"],
        "reference_answer": ["cat", "dog", "eel"],
        "answer": ["", "eel", "cat"],
    }


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "nll", "auroc"])
def test_a_model_does_not_differ_from_a_copy_of_itself(name: str) -> None:
    one = model(60, 0)
    found = compared(name, one, replace(one))
    assert (found.difference, found.ci_low, found.ci_high, found.p_value) == (0, 0, 0, 1)
    assert found.method == SAME


def test_models_that_are_equally_right_are_not_taken_for_the_same() -> None:
    one, other = model(30, 0, skill=50), model(30, 1, skill=50)
    found = compared("accuracy", one, other)
    assert found.difference == 0
    assert found.ci_low < 0 < found.ci_high
