"""Items without a finite output in some trial are counted once each, and named."""

import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.non_finite_under_perturbation import non_finite_under_perturbation

from .shifted_worlds import right_table, right_world


def spoiled(name: str, rows: list[int], value: float, n: int = 10) -> Predictions:
    table = right_table(np.ones(n), name)
    table["logits"][rows, 0] = value
    return table


def test_an_item_is_counted_once_and_named_in_every_table() -> None:
    evidence = Evidence(
        right_table(np.ones(10)),
        {"fog-1": spoiled("fog-1", [1, 2], np.nan), "fog-3": spoiled("fog-3", [2], -np.inf)},
        {"numerics": {"bf16": spoiled("bf16", [2, 7], np.inf), "fp16": spoiled("fp16", [], 0)}},
    )
    (found,) = non_finite_under_perturbation(evidence)
    assert found.value == 3 / 10
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(map(float, wilson(3, 10))))
    assert found.details == {
        "corruptions/fog-1": {"count": 2, "n": 10, "ids": ["1", "2"]},
        "corruptions/fog-3": {"count": 1, "n": 10, "ids": ["2"]},
        "numerics/bf16": {"count": 2, "n": 10, "ids": ["2", "7"]},
    }


def test_only_items_that_were_in_a_trial_count() -> None:
    some = spoiled("fog-1", [0], np.nan).take(np.array([0, 3, 4, 5]))
    (found,) = non_finite_under_perturbation(Evidence(right_table(np.ones(10)), {"fog-1": some}))
    assert (found.value, found.n) == (1 / 4, 4)


def test_tables_of_other_items_or_without_logits_are_left_out() -> None:
    other = spoiled("far", [0], np.nan)
    other = Predictions(np.char.add("far-", other.ids), other.columns)
    radii = Predictions(np.arange(10).astype(str), {"radius": np.zeros(10)})
    evidence = right_world(
        {}, np.ones(10), trials={"ood": {"far": other}, "smoothing": {"r": radii}}
    )
    with pytest.raises(NotApplicable, match="no trial on these items"):
        list(non_finite_under_perturbation(evidence))
