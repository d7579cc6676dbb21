from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex
from torchmetrics.segmentation import DiceScore

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.data.masks.masks import IGNORE
from finetrust.trust.accuracy.segmentation.frequency_weighted_iou import frequency_weighted_iou
from finetrust.trust.accuracy.segmentation.mean_dice import mean_dice
from finetrust.trust.accuracy.segmentation.miou import miou
from finetrust.trust.accuracy.segmentation.pixel_accuracy import pixel_accuracy

from .maps import blocks, evidence_of, noisy, table_of_labels


def made(seed: int, n: int = 5, shown: int = 4) -> tuple[Evidence, torch.Tensor, torch.Tensor]:
    """Return evidence, and the targets and predicted classes of its pixels."""
    masks = [np.where(m == IGNORE, m, m % shown).astype(np.uint8) for m in blocks(seed, n)]
    predicted = blocks(seed + 1, n, ignored=0.0)
    predicted = [np.where(m % 3 == 0, m % 4, p) for m, p in zip(masks, predicted, strict=True)]
    evidence = Evidence(table_of_labels(masks, predicted, 4), classes=("a", "b", "c", "d"))
    return evidence, *(torch.from_numpy(np.stack(m).astype(int)) for m in (masks, predicted))


def value(measure: Callable[[Evidence], object], evidence: Evidence) -> float:
    return next(iter(measure(evidence))).value  # type: ignore[call-overload]


@given(st.integers(0, 500), st.sampled_from([4, 3]))
def test_mean_iou_is_that_of_torchmetrics(seed: int, shown: int) -> None:
    evidence, targets, predicted = made(seed, shown=shown)
    reference = MulticlassJaccardIndex(4, average="macro", ignore_index=IGNORE)
    assert value(miou, evidence) == pytest.approx(float(reference(predicted, targets)), abs=1e-6)


@given(st.integers(0, 500))
def test_the_iou_of_each_class_is_that_of_torchmetrics(seed: int) -> None:
    evidence, targets, predicted = made(seed)
    reference = MulticlassJaccardIndex(4, average="none", ignore_index=IGNORE)(predicted, targets)
    _, *of_classes = miou(evidence)
    assert {e.subset: e.value for e in of_classes} == pytest.approx(
        {f"class={name}": float(x) for name, x in zip("abcd", reference, strict=True)}, abs=1e-6
    )


@given(st.integers(0, 500))
def test_accuracy_and_weighted_iou_are_those_of_torchmetrics(seed: int) -> None:
    evidence, targets, predicted = made(seed)
    accuracy = MulticlassAccuracy(4, average="micro", ignore_index=IGNORE)(predicted, targets)
    weighted = MulticlassJaccardIndex(4, average="weighted", ignore_index=IGNORE)
    assert value(pixel_accuracy, evidence) == pytest.approx(float(accuracy), abs=1e-6)
    assert value(frequency_weighted_iou, evidence) == pytest.approx(
        float(weighted(predicted, targets)), abs=1e-6
    )


@given(st.integers(0, 500))
def test_mean_dice_is_that_of_torchmetrics(seed: int) -> None:
    masks, predicted = blocks(seed, 4, ignored=0.0), blocks(seed + 1, 4, ignored=0.0)
    evidence = Evidence(table_of_labels(masks, predicted, 4))
    reference = DiceScore(4, average="macro", input_format="index", aggregation_level="global")
    tensors = (torch.from_numpy(np.stack(m).astype(int)) for m in (predicted, masks))
    assert value(mean_dice, evidence) == pytest.approx(float(reference(*tensors)), abs=1e-6)


def test_a_planted_confusion_gives_known_values() -> None:
    mask = np.zeros((32, 48), np.uint8)
    mask[:, 24:] = 1
    predicted = np.zeros((32, 48), np.uint8)
    predicted[:, 32:] = 1
    evidence = Evidence(table_of_labels([mask] * 3, [predicted] * 3, 2), classes=("sky", "road"))
    whole, sky, road = miou(evidence)
    assert (sky.value, road.value) == (24 / 32, 16 / 24)
    assert whole.value == pytest.approx((24 / 32 + 16 / 24) / 2)
    assert value(pixel_accuracy, evidence) == pytest.approx(40 / 48)
    assert value(mean_dice, evidence) == pytest.approx((48 / 56 + 32 / 40) / 2)
    assert whole.details["confusion"] == [[3 * 24 * 32, 0], [3 * 8 * 32, 3 * 16 * 32]]


def test_pixels_without_an_answer_are_wrong() -> None:
    masks = [np.zeros((32, 48), np.uint8)]
    logits = np.zeros((2, 8, 12))
    logits[0] = 1
    logits[:, :, 6:] = np.nan
    whole, *_ = miou(evidence_of(masks, [logits]))
    assert 0.4 < whole.value < 0.5
    assert whole.details["no_answer"] == pytest.approx(32 * 24, abs=32 * 3)


def test_n_counts_the_images_that_show_a_class() -> None:
    masks = [np.full((32, 48), c, np.uint8) for c in (0, 0, 1)]
    found = {e.subset: e.n for e in miou(Evidence(table_of_labels(masks, masks, 3)))}
    assert found == {"": 3, "class=0": 2, "class=1": 1}


def test_the_interval_covers_the_true_value_in_most_samples() -> None:
    masks = blocks(0, 1000)
    columns = evidence_of(masks, noisy(masks, 1, noise=4.0)).clean
    truth = next(iter(miou(Evidence(columns)))).value
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        drawn = columns.take(rng.integers(0, 1000, 40))
        estimate: Estimate = next(iter(miou(Evidence(drawn, seed=trial))))
        covered += estimate.ci_low <= truth <= estimate.ci_high
    assert covered >= 88
