"""Entity F1 under corruption, whole and by type, and the part of the clean F1 that is kept."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.stability.corruption_entity_f1 import (
    corruption_entity_f1,
    relative_corruption_entity_f1,
)

from ..accuracy.tokens.worlds_of_tags import random_texts, table_of, tagged

SEVERITIES = {"casing-1": 0.6, "typos-1": 0.65, "typos-3": 0.45}


def world(n: int, seed: int, rows: np.ndarray | None = None) -> Evidence:
    """Return evidence in which the tags of corrupted texts are right less often."""
    true, predicted = random_texts(n, seed, right=0.75)
    perturbed = {}
    for name, right in SEVERITIES.items():
        _, worse = random_texts(n, seed, right)
        order = np.random.default_rng(seed).permutation(n) if rows is None else rows
        perturbed[name] = replace(table_of(true, worse).take(order), perturbation=name)
    return tagged(true, predicted, perturbed=perturbed, seed=seed)


def measured(evidence: Evidence) -> dict[str, Estimate]:
    return {estimate.subset: estimate for estimate in corruption_entity_f1(evidence)}


def relative(evidence: Evidence) -> Estimate:
    (estimate,) = relative_corruption_entity_f1(evidence)
    return estimate


def test_types_count_the_same_and_within_a_type_severities() -> None:
    true, clean = random_texts(80, 3, right=0.75)
    f1 = {name: f1_score(true, random_texts(80, 3, right)[1]) for name, right in SEVERITIES.items()}
    found = measured(world(80, 3))
    typos = (f1["typos-1"] + f1["typos-3"]) / 2
    assert found["corruption=casing"].value == pytest.approx(f1["casing-1"])
    assert found["corruption=typos"].value == pytest.approx(typos)
    assert found[""].value == pytest.approx((f1["casing-1"] + typos) / 2)
    assert found[""].details == {
        "casing": {"1": pytest.approx(f1["casing-1"])},
        "typos": {"1": pytest.approx(f1["typos-1"]), "3": pytest.approx(f1["typos-3"])},
    }
    kept = relative(world(80, 3)).value
    assert kept == pytest.approx(found[""].value / f1_score(true, clean))


def test_where_a_sample_was_corrupted_it_is_compared_with_itself() -> None:
    rows = np.random.default_rng(0).permutation(60)[:25]
    sample = world(60, 4, rows)
    alone = replace(sample, clean=sample.clean.take(np.sort(rows)))
    assert measured(sample) == measured(alone)
    assert relative(sample) == relative(alone)
    assert measured(sample)[""].n == relative(sample).n == 25


@given(st.integers(1, 20), st.integers(0, 500))
def test_values_lie_in_their_intervals(n: int, seed: int) -> None:
    evidence = world(n, seed)
    try:
        found = measured(evidence)
        kept = relative(evidence)
    except NotApplicable:
        return
    for estimate in found.values():
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert estimate.n == n
    assert 0 <= kept.ci_low <= kept.value <= kept.ci_high


def test_a_model_that_loses_nothing_keeps_everything() -> None:
    true, predicted = random_texts(30, 0)
    same = {"typos-1": replace(table_of(true, predicted), perturbation="typos-1")}
    found = relative(tagged(true, predicted, perturbed=same))
    assert found.value == found.ci_high == 1
    assert 0.8 < found.ci_low < 1


def test_without_corrupted_texts_or_entities_there_is_a_reason() -> None:
    true, predicted = random_texts(5, 0)
    with pytest.raises(NotApplicable, match="not run on corrupted"):
        measured(tagged(true, predicted))
    nothing = [["O", "O"]]
    corrupted = {"typos-1": table_of(nothing, nothing)}
    with pytest.raises(NotApplicable, match="no entity is labelled"):
        measured(tagged(nothing, nothing, perturbed=corrupted))
    lost = [["B-per", "O"]]
    with pytest.raises(NotApplicable, match="nothing could be lost"):
        relative(tagged(lost, nothing, perturbed={"typos-1": table_of(lost, nothing)}))


def test_the_intervals_cover_the_true_values_at_their_rate() -> None:
    large = world(6_000, 10_000)
    truth, kept = measured(large)[""].value, relative(large).value
    worlds, hits = 100, np.zeros(2)
    for seed in range(worlds):
        evidence = world(60, seed)
        first, second = next(iter(corruption_entity_f1(evidence))), relative(evidence)
        hits += (
            first.ci_low <= truth <= first.ci_high,
            second.ci_low <= kept <= second.ci_high,
        )
    tolerance = 3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01
    assert hits / worlds == pytest.approx([0.95, 0.95], abs=tolerance)
