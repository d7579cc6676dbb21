"""The measure of self-influence on tables made by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions

from ...worlds import predictions_of

MEASURE = measures.get("self_influence")


def evidence(
    alike: list[int], counts: tuple[int, ...] = (0, 5, 0, 5, 4), **data: object
) -> Evidence:
    columns = {
        "self_influence": np.array([0.1, 0.9, 0.2, 0.8, 0.7]),
        "label": np.array([0, 1, 2, 0, 1]),
        "suggested": np.array([0, 2, 2, 1, 1]),
        "alike": np.array(alike),
        "alike_count": np.array(counts),
        "way": np.full(5, "influence function"),
    }
    table = Predictions(np.array([f"train/{i}" for i in range(5)]), columns)
    return Evidence(
        predictions_of(np.eye(3), [0, 1, 2]),
        trials={"examples": {"self_influence": table}},
        classes=("cat", "dog", "eel"),
        data=data,
    )


def test_an_item_stands_alone_where_the_layer_and_all_similar_items_have_another_label():
    (found,) = MEASURE.estimate(evidence([-1, 2, -1, 1, 0]))
    assert found.n == 3
    assert found.value == pytest.approx(2 / 3)
    wilson = binomtest(2, 3).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx((wilson.low, wilson.high))
    assert [s["id"] for s in found.details["suspects"]] == ["train/1", "train/3"]
    first = found.details["suspects"][0]
    assert (first["label"], first["suggested"], first["in_label_check"]) == ("dog", "eel", False)


def test_an_item_whose_similar_ones_differ_from_what_the_layer_says_is_a_suspect_but_not_alone():
    (found,) = MEASURE.estimate(evidence([-1, 0, -1, 1, 0]))
    assert found.value == pytest.approx(1 / 3)
    assert [s["alone"] for s in found.details["suspects"]] == [False, True]


def test_where_one_similar_item_has_the_label_it_does_not_stand_alone():
    (found,) = MEASURE.estimate(evidence([-1, 2, -1, 1, 0], (0, 4, 0, 5, 4)))
    assert found.value == pytest.approx(1 / 3)
    assert [s["alone"] for s in found.details["suspects"]] == [False, True]


def test_suspects_that_the_check_of_labels_lists_too_are_marked():
    listed = {"suspects": [{"id": "train/3"}]}
    (found,) = MEASURE.estimate(evidence([-1, 0, -1, 1, 0], train_label_suspects=listed))
    assert [s["in_label_check"] for s in found.details["suspects"]] == [False, True]


def test_without_items_to_compare_with_there_is_no_figure():
    with pytest.raises(NotApplicable, match="no training item"):
        list(MEASURE.estimate(evidence([-1] * 5)))
