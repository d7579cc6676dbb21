"""Two models' items brought together by id."""

from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions, ragged
from finetrust.trust.comparison.alignment import aligned

NAMES = ("runs/a", "runs/b")


def evidence(ids: str = "abcdef", **columns: np.ndarray) -> Evidence:
    n = len(ids)
    given = {"target": np.arange(n) % 2, "logits": np.arange(2 * n).reshape(n, 2) / 7, **columns}
    return Evidence(
        Predictions(np.array(list(ids)), given),
        classes=("cat", "dog"),
        groups={"site": np.array(list(ids.upper()))},
        seed=5,
    )


def test_items_in_another_order_come_back_in_the_first_order() -> None:
    one = evidence()
    other = replace(one.take(np.array([3, 1, 5, 0, 2, 4])), seed=9)
    found = aligned(one, other, NAMES)
    assert found.clean.ids.tolist() == one.clean.ids.tolist()
    np.testing.assert_array_equal(found.clean["logits"], one.clean["logits"])
    assert found.groups["site"].tolist() == list("ABCDEF")
    assert found.seed == 5


def test_other_items_are_an_error_that_counts_them() -> None:
    with pytest.raises(
        UserError, match=r"6 and 5, of which 4 are the same; 'e' is in one"
    ) as error:
        aligned(evidence("abcdef"), evidence("abcdz"), NAMES)
    assert "--unpaired" in error.value.mend


def test_other_labels_are_an_error_that_names_an_item() -> None:
    target = np.array([0, 1, 1, 1, 0, 1])
    with pytest.raises(UserError, match="different labels for 1 of 6 items, 'c' among them"):
        aligned(evidence(), evidence(target=target), NAMES)


def test_the_order_of_the_classes_does_not_matter() -> None:
    turned = replace(evidence(target=1 - np.arange(6) % 2), classes=("dog", "cat"))
    assert len(aligned(evidence(), turned, NAMES).clean) == 6


def test_ids_that_occur_twice_are_an_error() -> None:
    with pytest.raises(UserError, match="runs/b: two items have the same id"):
        aligned(evidence("abc"), evidence("abb"), NAMES)


def test_truths_of_other_tasks_are_compared_too() -> None:
    boxes = ragged([np.zeros((i, 4)) for i in range(3)])
    moved = ragged([np.zeros((i, 4)) + (i == 2) for i in range(3)])
    one, other = evidence("abc", true_boxes=boxes), evidence("abc", true_boxes=moved)
    assert len(aligned(one, one, NAMES).clean) == 3
    with pytest.raises(UserError, match="different labels for 1 of 3 items, 'c' among them"):
        aligned(one, other, NAMES)
