"""Items for which the model returned no finite output."""

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from finetrust.core.evidence import Evidence
from finetrust.trust.stability.non_finite_outputs import non_finite_outputs

from ..worlds import evidence_of, predictions_of, tables


@given(tables(answered=False))
def test_it_is_the_share_of_items_with_any_score_that_is_not_finite(table: tuple) -> None:
    logits, targets = table
    (found,) = non_finite_outputs(evidence_of(logits, targets))
    missing = sum(not all(map(np.isfinite, row)) for row in logits)
    assert found.value == pytest.approx(missing / len(logits))
    assert len(found.details["ids"]) == missing
    interval = stats.binomtest(missing, len(logits)).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval), abs=1e-12)


def test_perturbations_are_named_where_they_have_such_items() -> None:
    clean = predictions_of(np.zeros((4, 2)), np.zeros(4))
    broken = predictions_of([[0, 0], [np.nan, 0], [0, 0], [0, np.inf]], np.zeros(4))
    evidence = Evidence(clean, {"contrast-1": clean, "contrast-5": broken})
    found = {estimate.subset: estimate for estimate in non_finite_outputs(evidence)}
    assert {subset: e.value for subset, e in found.items()} == {
        "": 0.0,
        "perturbation=contrast-5": 0.5,
    }
    assert found["perturbation=contrast-5"].details["ids"] == ["1", "3"]
