"""Accuracy per subgroup."""

import numpy as np
import pytest
from hypothesis import given

from finetrust.core.errors import NotApplicable
from finetrust.trust.accuracy.right.accuracy import accuracy
from finetrust.trust.accuracy.subgroups import subgroup_accuracy

from ..worlds import evidence_of, logits_for, tables


@given(tables(answered=False))
def test_every_subgroup_has_the_accuracy_of_its_items_alone(table: tuple) -> None:
    logits, targets = table
    site = np.array(["a", "b", "c"])[np.arange(len(targets)) % 3]
    for found in subgroup_accuracy(evidence_of(logits, targets, groups={"site": site})):
        alone = site == found.subset.removeprefix("site=")
        (expected,) = accuracy(evidence_of(logits[alone], targets[alone]))
        assert (found.value, found.n) == (expected.value, alone.sum())
        assert (found.ci_low, found.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))


def test_every_value_of_every_column_is_a_subgroup() -> None:
    groups = {"sex": np.array(["f", "m", "f"]), "age": np.array(["old", "young", "old"])}
    evidence = evidence_of(logits_for([0, 1, 1], 2), [0, 1, 0], groups=groups)
    found = {estimate.subset: estimate.value for estimate in subgroup_accuracy(evidence)}
    assert found == {"sex=f": 0.5, "sex=m": 1.0, "age=old": 0.5, "age=young": 1.0}


def test_without_subgroup_columns_it_does_not_apply() -> None:
    with pytest.raises(NotApplicable, match="no subgroup columns"):
        list(subgroup_accuracy(evidence_of([[0.0, 1.0]], [0])))
