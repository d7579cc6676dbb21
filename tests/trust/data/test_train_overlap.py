"""The share of evaluation items that were seen in training."""

import numpy as np
import pytest
from scipy import stats

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.data.train_overlap import train_overlap

from ..worlds import predictions_of


def evidence_with(data: dict) -> Evidence:
    ids = [f"{i}.png" for i in range(10)]
    return Evidence(predictions_of(np.zeros((10, 2)), np.zeros(10), ids), data=data)


def test_an_item_with_several_copies_counts_once() -> None:
    data = {
        "n_train": 50,
        "train_overlap_exact": [["0.png", "x"], ["0.png", "y"], ["1.png", "z"]],
        "train_overlap_near": [["1.png", "w"], ["2.png", "w"], ["gone.png", "w"]],
    }
    found = {estimate.subset: estimate for estimate in train_overlap(evidence_with(data))}
    assert {subset: e.value for subset, e in found.items()} == {
        "": 0.3,
        "copy=exact": 0.2,
        "copy=near": 0.2,
    }
    interval = stats.binomtest(3, 10).proportion_ci(method="wilson")
    assert (found[""].ci_low, found[""].ci_high) == pytest.approx(tuple(interval))
    assert found[""].n == 10
    assert found["copy=exact"].details["pairs"] == data["train_overlap_exact"]


def test_what_is_near_for_the_network_is_told_apart_and_not_counted_as_a_copy() -> None:
    data = {
        "n_train": 50,
        "train_overlap_exact": [["0.png", "x"]],
        "train_overlap_near": [],
        "train_overlap_embedding": [["0.png", "x"], ["3.png", "y"], ["4.png", "y"]],
    }
    found = {estimate.subset: estimate.value for estimate in train_overlap(evidence_with(data))}
    assert found == {"": 0.1, "copy=exact": 0.1, "copy=near": 0, "copy=embedding": 0.3}


def test_no_overlap_is_a_finding_too() -> None:
    data = {"n_train": 50, "train_overlap_exact": [], "train_overlap_near": []}
    found = list(train_overlap(evidence_with(data)))
    assert [estimate.value for estimate in found] == [0, 0, 0]
    assert found[0].ci_high == pytest.approx(0.2775, abs=1e-4)


@pytest.mark.parametrize("data", [{}, {"n_train": None, "train_overlap_exact": []}])
def test_where_the_training_data_are_unknown_it_does_not_apply(data: dict) -> None:
    with pytest.raises(NotApplicable, match="training data of this model are unknown"):
        list(train_overlap(evidence_with(data)))
