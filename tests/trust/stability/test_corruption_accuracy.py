"""Accuracy under corruption, whole and by type, and the part of the clean accuracy that is kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.corruption_accuracy import (
    corruption_accuracy,
    relative_corruption_accuracy,
)

from ..worlds import logits_for, predictions_of

NAMES = ("brightness-1", "brightness-3", "contrast-1", "contrast-3", "contrast-5")


def world(right: dict[str, np.ndarray], clean: object, ids: object = None) -> Evidence:
    """Return evidence in which exactly the given items are right; all items are of class 0."""

    def table(name: str, hits: object) -> object:
        hits = np.asarray(hits, bool)
        return predictions_of(logits_for(1 - hits, 2), np.zeros(len(hits)), ids, name)

    return Evidence(
        table("clean", clean), {name: table(name, hits) for name, hits in right.items()}
    )


def random_world(n: int, seed: int, clean: float = 0.9, loss: float = 0.1) -> Evidence:
    """Return evidence in which severity s costs about s times `loss` of the accuracy."""
    rng = np.random.default_rng(seed)
    difficulty = rng.random(n)
    right = {
        name: difficulty + 0.2 * rng.random(n) < clean - loss * int(name[-1]) for name in NAMES
    }
    return world(right, difficulty < clean)


def shuffled(evidence: Evidence, rows: np.ndarray | None, seed: int) -> Evidence:
    """Return evidence whose corrupted tables hold some rows (None: all), each in its own order."""
    rng = np.random.default_rng(seed)

    def some(predictions: object) -> object:
        order = rng.permutation(len(predictions) if rows is None else rows)
        columns = {name: values[order] for name, values in predictions.columns.items()}
        return type(predictions)(predictions.ids[order], columns, "test", predictions.perturbation)

    perturbed = {name: some(table) for name, table in evidence.perturbed.items()}
    return Evidence(evidence.clean, perturbed, seed=evidence.seed)


def measured(evidence: Evidence) -> dict[str, Estimate]:
    return {estimate.subset: estimate for estimate in corruption_accuracy(evidence)}


def relative(evidence: Evidence) -> Estimate:
    (estimate,) = relative_corruption_accuracy(evidence)
    return estimate


def test_types_count_the_same_and_within_a_type_severities() -> None:
    right = {
        "brightness-1": [1, 1, 1, 1],
        "brightness-3": [1, 1, 0, 0],
        "contrast-1": [1, 0, 0, 0],
        "contrast-3": [0, 0, 0, 0],
        "contrast-5": [0, 0, 0, 0],
    }
    found = measured(world(right, [1, 1, 1, 0]))
    assert found["corruption=brightness"].value == pytest.approx(3 / 4)
    assert found["corruption=contrast"].value == pytest.approx(1 / 12)
    assert found[""].value == pytest.approx((3 / 4 + 1 / 12) / 2)
    assert found[""].details["brightness"] == {"1": 1.0, "3": 0.5}
    assert found["corruption=contrast"].details == {"1": 0.25, "3": 0.0, "5": 0.0}
    assert relative(world(right, [1, 1, 1, 0])).value == pytest.approx((5 / 12) / (3 / 4))


def test_only_corruptions_with_a_severity_count() -> None:
    evidence = random_world(20, seed=0)
    others = {"flip": evidence.clean, "shift-left": evidence.clean}
    more = Evidence(evidence.clean, {**others, **evidence.perturbed, **others})
    assert measured(more) == measured(evidence)
    with pytest.raises(NotApplicable, match="not run on corrupted inputs"):
        measured(Evidence(evidence.clean, others))


@given(st.integers(1, 30), st.integers(0, 1000))
def test_values_lie_in_their_intervals_and_order_does_not_matter(n: int, seed: int) -> None:
    evidence = random_world(n, seed)
    found = measured(evidence)
    for estimate in found.values():
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert estimate.n == n
    mixed = shuffled(evidence, None, seed)
    assert measured(mixed) == found
    if found and evidence.clean["logits"].argmax(1).min() == 0:
        kept = relative(evidence)
        assert 0 <= kept.ci_low <= kept.value <= kept.ci_high
        assert relative(mixed) == kept


def test_where_a_sample_was_corrupted_it_is_compared_with_itself() -> None:
    evidence = random_world(60, seed=3)
    rows = np.random.default_rng(0).permutation(60)[:25]
    sample = shuffled(evidence, rows, seed=1)
    ids = evidence.clean.ids[np.sort(rows)]
    clean = (evidence.clean["logits"].argmax(1) == 0)[np.sort(rows)]
    right = {
        name: (table["logits"].argmax(1) == 0)[np.sort(rows)]
        for name, table in evidence.perturbed.items()
    }
    alone = world(right, clean, ids)
    assert measured(sample) == measured(alone)
    assert relative(sample) == relative(alone)
    assert measured(sample)[""].n == relative(sample).n == 25
    by_type = [
        np.mean([right["brightness-1"], right["brightness-3"]]),
        np.mean([right["contrast-1"], right["contrast-3"], right["contrast-5"]]),
    ]
    assert relative(sample).value == pytest.approx(np.mean(by_type) / clean.mean())


def test_items_that_one_table_lacks_are_left_out() -> None:
    whole = random_world(10, seed=0)
    part = shuffled(whole, np.arange(2, 9), seed=0)
    perturbed = {**whole.perturbed, "contrast-3": part.perturbed["contrast-3"]}
    found = measured(Evidence(whole.clean, perturbed))
    assert found == measured(part)
    assert found["corruption=brightness"].n == 7


def test_tables_without_a_common_item_cannot_be_compared() -> None:
    evidence = random_world(4, seed=0)
    strangers = predictions_of(logits_for([0, 0], 2), [0, 0], ["a", "b"], "contrast-1")
    with pytest.raises(NotApplicable, match="no item was seen"):
        measured(Evidence(evidence.clean, {"contrast-1": strangers}))


def test_a_model_that_loses_nothing_keeps_everything() -> None:
    right = np.array([1, 1, 0, 1, 1, 0, 1, 1])
    found = relative(world(dict.fromkeys(NAMES, right), right))
    assert found.value == found.ci_high == 1
    assert found.ci_low == pytest.approx(float(wilson(6, 6)[0]))


def test_a_model_that_loses_all_keeps_nothing() -> None:
    found = relative(world(dict.fromkeys(NAMES, np.zeros(8)), np.ones(8)))
    assert found.value == found.ci_low == 0
    assert found.ci_high == pytest.approx(float(wilson(0, 8)[1]))


def test_equal_losses_of_all_right_items_still_have_an_interval() -> None:
    right = {"contrast-1": [1, 1, 1, 0], "contrast-3": [0, 0, 0, 0], "contrast-5": [1, 1, 1, 0]}
    found = relative(world(right, [1, 1, 1, 0]))
    assert found.value == pytest.approx(2 / 3)
    assert found.ci_low < 0.3
    assert found.ci_high > 0.85


def test_a_model_that_is_never_right_has_nothing_to_lose() -> None:
    with pytest.raises(NotApplicable, match="no untouched item is right"):
        relative(world({"contrast-1": [1, 0]}, [0, 0]))


def test_an_item_without_an_answer_under_corruption_is_wrong() -> None:
    evidence = world({"contrast-1": [1, 1]}, [1, 1])
    evidence.perturbed["contrast-1"]["logits"][0] = np.nan
    assert measured(evidence)[""].value == 0.5


def test_the_intervals_cover_the_true_values_at_their_rate() -> None:
    large = random_world(300_000, seed=10_000)
    accuracies = {name: np.mean(t["logits"].argmax(1) == 0) for name, t in large.perturbed.items()}
    by_type = [
        np.mean([a for name, a in accuracies.items() if name.startswith(kind)])
        for kind in ("brightness", "contrast")
    ]
    truth = np.mean(by_type)
    kept = truth / np.mean(large.clean["logits"].argmax(1) == 0)
    worlds, hits = 300, np.zeros(2)
    for seed in range(worlds):
        evidence = random_world(100, seed)
        first, second = next(iter(corruption_accuracy(evidence))), relative(evidence)
        hits += (
            first.ci_low <= truth <= first.ci_high,
            second.ci_low <= kept <= second.ci_high,
        )
    tolerance = 3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01
    assert hits / worlds == pytest.approx([0.95, 0.95], abs=tolerance)
