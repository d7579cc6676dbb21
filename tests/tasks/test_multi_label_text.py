import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import finetrust
from finetrust.core.errors import UserError
from finetrust.data.source import open_dataset
from finetrust.tasks.label_targets import (
    aligned_labels,
    label_counts,
    label_figures,
    label_predictions,
    rarest_labels,
)
from finetrust.tasks.multi_label_text import LabelLoss
from finetrust.tasks.task import tasks

from .tiny_texts import films, tuned

TASK = tasks.get("multi-label-text-classification")


def table(folder: Path, n: int = 80) -> Path:
    """Write films labelled as good or bad, and as long where they are, or as nothing."""
    rows = []
    for number, (text, label) in enumerate(films(n)):
        labels = [label] if number % 8 else []
        labels += ["long"] if len(text.split()) > 8 else []
        split = ("train", "train", "val", "test")[number % 4]
        rows.append({"text": text, "label": labels, "split": split})
    file = folder / "films.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_it_is_tuned_judged_and_asked_from_lists_of_labels(tmp_path: Path) -> None:
    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "layer_decay": 1.0}
    run = tuned(tmp_path, data=str(table(tmp_path)), strategy="full", epochs=6, **rates)
    assert run.folder.record["task"] == "multi-label-text-classification"
    profile = run.evaluate(quiet=True, trials="none")
    found = profile["label_micro_f1"]
    assert found.ci_low <= found.value <= found.ci_high
    assert found.value > 0.5
    assert 0 < run.model.calibration["label_threshold"] < 1
    [answer] = finetrust.predict(run, "the film is a very very great story", quiet=True)
    threshold = run.model.calibration["label_threshold"]
    assert answer["labels"] == [
        one["label"] for one in answer["top"] if one["probability"] >= threshold
    ]
    assert (run.folder.baseline / "weights.safetensors").exists()


def test_one_class_an_item_is_another_task(tmp_path: Path) -> None:
    file = tmp_path / "films.csv"
    file.write_text("text,label\na film,good\nno film,bad\n")
    dataset = open_dataset(file)
    with pytest.raises(UserError, match=r"made for text-classification.*--label-separator"):
        TASK.prepare(dataset, None)


def test_labels_are_counted_in_the_order_of_the_model(tmp_path: Path) -> None:
    dataset = open_dataset(table(tmp_path))
    assert dataset.classes == ("bad", "good", "long")
    other = aligned_labels(dataset, ("long", "new", "good", "bad"))
    assert label_counts(other).tolist() == [
        *label_counts(dataset)[[2]],
        0,
        *label_counts(dataset)[[1, 0]],
    ]
    with pytest.raises(UserError, match="class 'bad' is not among the 2 classes"):
        aligned_labels(dataset, ("long", "good"))


def test_splits_are_stratified_by_the_rarest_label() -> None:
    targets = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1]], np.float32)
    assert rarest_labels(targets)[[1, 2]].tolist() == [0, 3]
    assert set(rarest_labels(targets)[[0, 3]].tolist()) == {1, 2}


def test_the_loss_is_the_mean_binary_cross_entropy() -> None:
    logits, targets = torch.randn(5, 3), torch.randint(0, 2, (5, 3)).float()
    expected = functional.binary_cross_entropy_with_logits(logits, targets)
    torch.testing.assert_close(LabelLoss(None, 0.0)(logits, targets), expected)
    smooth = functional.binary_cross_entropy_with_logits(logits, targets * 0.8 + 0.1)
    torch.testing.assert_close(LabelLoss(None, 0.2)(logits, targets), smooth)


def test_balanced_weights_make_up_for_rare_labels(tmp_path: Path) -> None:
    from finetrust.config import TuneOptions

    dataset = open_dataset(table(tmp_path))
    objective = TASK.objective(TuneOptions(class_weights="balanced"), dataset)
    counts = label_counts(dataset)
    expected = (len(dataset) - counts) / counts
    np.testing.assert_allclose(objective.criterion.positive_weight, expected, rtol=1e-6)


def test_micro_f1_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    logits, targets = torch.randn(40, 6), torch.randint(0, 2, (40, 6)).float()
    figures = label_figures([(logits[:15], targets[:15]), (logits[15:], targets[15:])])
    assert figures["micro_f1"] == pytest.approx(f1_score(targets, logits > 0, average="micro"))


def test_targets_that_contradict_each_other_have_different_texts() -> None:
    names = ("x", "y", "z")
    assert TASK.label(np.array([1.0, 0, 1]), names) == "x, z"
    assert TASK.label(np.zeros(3), names) == "no label"


def test_predictions_have_the_columns_that_the_measures_of_labels_need(tmp_path: Path) -> None:
    part = open_dataset(table(tmp_path)).take([0, 1])
    found = label_predictions(part, torch.tensor([[0.0, 1, 2], [3, 4, 5]]))
    assert found["label_logits"].dtype == np.float32
    assert found["label_targets"].tolist() == part.targets.tolist()


def test_a_label_that_the_checks_leave_without_texts_is_an_error(tmp_path: Path) -> None:
    rows = [{"text": "", "label": ["gone"]}, {"text": "a", "label": ["x"]}]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset = open_dataset(tmp_path / "t.jsonl")
    with pytest.raises(UserError, match="no text with the label 'gone' can be read"):
        TASK.refuse(dataset, dataset.take([1]))
