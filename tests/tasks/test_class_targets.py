"""One class an item: classes of data and of a model, and what is made of logits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn import metrics
from sklearn.utils.class_weight import compute_class_weight

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.tasks.class_targets import (
    aligned,
    balanced_weights,
    class_figures,
    class_positions,
    class_predictions,
    counts_by_class,
    decoded_classes,
    refuse_lost_classes,
    require_classes,
)
from trust.pixels import dataset_of


def data(targets: list[int], *classes: str) -> Dataset:
    return dataset_of(np.zeros((len(targets), 2, 2, 3), np.uint8), targets, classes)


def test_class_indices_are_what_is_required() -> None:
    given = data([0, 1], "a", "b")
    assert require_classes(given, "classification") is given


@pytest.mark.parametrize(
    "targets",
    [np.array([0.5, 1.5]), np.array([[0, 1], [1, 0]]), np.array([{}, {}], dtype=object)],
    ids=["numbers", "several labels", "objects"],
)
def test_other_targets_are_refused_with_the_task_they_are_made_for(targets: np.ndarray) -> None:
    given = replace(data([0, 1], "a", "b"), targets=targets, task="detection")
    with pytest.raises(UserError, match=r"made for detection.*choose --task detection"):
        require_classes(given, "classification")


def test_targets_are_counted_in_the_classes_of_the_model() -> None:
    found = aligned(data([0, 1, 1], "dog", "sea lion"), ("cat", "Sea_Lion", "dog"))
    assert found.classes == ("cat", "Sea_Lion", "dog")
    assert found.targets.tolist() == [2, 1, 1]


def test_the_very_same_name_goes_before_one_that_is_spelled_otherwise() -> None:
    given = data([0, 1], "Ants", "ants")
    assert class_positions(given, ("Ants", "ants")).tolist() == [0, 1]
    assert class_positions(given, ("ants", "Ants")).tolist() == [1, 0]


def test_a_class_that_the_model_does_not_know_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"class 'dogg' is not among.*mean 'dog'.*knows cat, dog"):
        aligned(data([0, 1], "cat", "dogg"), ("cat", "dog"))


def test_a_class_that_lost_all_its_items_is_refused_and_one_that_never_had_any_is_not() -> None:
    before = data([0, 1, 2, 0], "a", "b", "c", "empty")
    refuse_lost_classes(before, before.take([0, 1, 2]))
    with pytest.raises(UserError, match="no image of class 'b' can be read"):
        refuse_lost_classes(before, before.take([0, 2, 3]))
    with pytest.raises(UserError, match="only one class, 'a'"):
        refuse_lost_classes(before.take([0, 3]), before.take([0]))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_balanced_weights_are_those_of_scikit_learn(targets: list[int]) -> None:
    counts = counts_by_class(data(targets, *"abcd"))
    assert counts.tolist() == [targets.count(c) for c in range(4)]
    if (counts > 0).all():
        expected = compute_class_weight("balanced", classes=np.arange(4), y=np.array(targets))
        np.testing.assert_allclose(balanced_weights(counts).numpy(), expected, rtol=1e-6)


def test_figures_are_those_of_scikit_learn_however_they_came_in_batches() -> None:
    rng = np.random.default_rng(0)
    logits, targets = 4 * rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    parts = [
        (torch.tensor(logits[rows], dtype=torch.float32), torch.tensor(targets[rows]))
        for rows in (slice(0, 7), slice(7, 8), slice(8, 50))
    ]
    figures = class_figures(parts)
    probabilities = special.softmax(logits.astype(np.float32).astype(float), axis=1)
    assert figures["loss"] == pytest.approx(metrics.log_loss(targets, probabilities), rel=1e-9)
    assert figures["accuracy"] == metrics.accuracy_score(targets, logits.argmax(1))


def test_predictions_hold_the_logits_of_each_item() -> None:
    part = data([1, 0], "a", "b")
    table = class_predictions(part, torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.bfloat16))
    assert table.ids.tolist() == list(part.ids)
    assert table["target"].tolist() == [1, 0]
    assert table["logits"].dtype == np.float32
    assert table["logits"].tolist() == [[1, 2], [3, 4]]


def test_the_most_probable_classes_are_told_with_calibrated_probabilities() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 9.0]])
    shown = decoded_classes(torch.tensor(logits), "abc", {"temperature": 2.0}, top=2)
    expected = special.softmax(logits / 2, axis=1)
    assert [item["class"] for item in shown] == ["b", "c"]
    assert [one["class"] for one in shown[0]["top"]] == ["b", "c"]
    for item, probabilities in zip(shown, expected, strict=True):
        best = np.sort(probabilities)[::-1][:2]
        assert [one["probability"] for one in item["top"]] == pytest.approx(best.tolist())
        assert item["probability"] == item["top"][0]["probability"]
    assert len(decoded_classes(torch.tensor(logits), "abc", {}, top=9)[0]["top"]) == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_told_as_an_error(bad: float) -> None:
    good, broken = [0.0, 1.0], [bad, 1.0] if bad != -np.inf else [bad, bad]
    shown = decoded_classes(torch.tensor([good, broken]), "ab", {}, top=1)
    assert shown[0]["class"] == "b"
    assert shown[1] == {"error": "the model returned NaN or infinity"}
