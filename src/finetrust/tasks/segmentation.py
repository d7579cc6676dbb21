"""Semantic segmentation: a class for every pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from finetrust.config import DataColumns, ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.findings import Findings
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.input_kind import Size
from finetrust.data.masks.mask_checks import examine_masks
from finetrust.data.masks.masks import Mask, MaskArray, class_pixels, shares
from finetrust.models.assemble import Assembled
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.models.segmenters.assemble import (
    assemble_segmenter,
    restored_segmenter,
    segmentation_network,
    segmenter_as_it_comes,
)
from finetrust.tasks.averages import mean_of_maps
from finetrust.tasks.class_targets import balanced_weights, class_positions
from finetrust.tasks.segmentation_answers import decoded_masks, mask_predictions
from finetrust.tasks.segmentation_figures import Judged, judged, mask_figures
from finetrust.tasks.segmentation_losses import segmentation_losses
from finetrust.tasks.segmentation_samples import SegmentationSamples
from finetrust.tasks.task import Objective, Task, TrainingDefaults, tasks

_SHOWN = 3


class Segmentation(Task):
    """Targets are masks, outputs are logits at a quarter of the canvas (n, classes, h, w)."""

    kind = IMAGES
    changes = frozenset({"frame", "colours"})
    average = staticmethod(mean_of_maps)
    options = frozenset({"head", "loss", "class_weights", "label_smoothing", "sliding_window"})
    primary = "miou"
    headlines = {
        "accuracy": "miou",
        "stability": "corruption_miou",
        "interpretability": "pointing_game",
    }
    explanations = ("segmentation",)
    counted = "images that show it"
    near_copies_agree = False
    pipeline = "image-segmentation"
    defaults = TrainingDefaults(
        probe_epochs=12, full_epochs=20, full_rate=6e-3, scratch_rate=2e-3, backbone_share=0.1
    )

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        if dataset.targets.dtype != object or not len(dataset) or not dataset.classes:
            raise _no_masks(dataset)
        if isinstance(dataset.targets[0], np.ndarray):
            targets = np.empty(len(dataset), object)
            targets[:] = [MaskArray(mask, len(dataset.classes)) for mask in dataset.targets]
            return replace(dataset, targets=targets)
        if not hasattr(dataset.targets[0], "decoded"):
            raise _no_masks(dataset)
        return dataset

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        positions = class_positions(dataset, classes)
        order = [-1] * len(classes)
        for old, new in enumerate(positions):
            order[new] = old
        targets = np.empty(len(dataset), object)
        targets[:] = [mask.reordered(order) for mask in dataset.targets]
        return replace(dataset, targets=targets, classes=classes)

    def examine(self, dataset: Dataset, sizes: Sequence[Size]) -> tuple[Dataset, Findings]:
        return examine_masks(dataset, sizes)

    def refuse(self, before: Dataset, after: Dataset) -> None:
        shown = np.flatnonzero(self.class_counts(after))
        if len(shown) < 2:
            only = f", '{after.classes[shown[0]]}'" if len(shown) else ""
            raise UserError(
                f"{before.name}: the masks show only one class{only}",
                "Give masks of two classes at least; the background is one of them.",
            )

    def strata(self, dataset: Dataset) -> np.ndarray:
        """Return the rarest class that each image shows."""
        shown = _shown(dataset)
        return np.where(shown, shown.sum(axis=0), len(dataset) + 1).argmin(axis=1)

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return _shown(dataset).sum(axis=0)

    def label(self, target: Mask, classes: Sequence[str]) -> str:
        parts = shares(class_pixels(target, len(classes)), classes)
        told = ", ".join(f"{name} {share:.0%}" for name, share in list(parts.items())[:_SHOWN])
        return f"{told} (mask {target.digest[:8]})"

    def assemble(
        self,
        options: ModelOptions,
        dataset: Dataset,
        module: nn.Module | None = None,
        preprocessing: Any = None,
    ) -> Assembled:
        return assemble_segmenter(options, dataset, module, preprocessing)

    def network(
        self, assembled: Assembled, classes: Sequence[str], options: TuneOptions
    ) -> Network:
        return segmentation_network(assembled, len(classes), options.head)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        network = segmenter_as_it_comes(assembled)
        if network is None:
            raise UserError(
                f"{assembled.provenance.architecture} comes without a segmentation head to judge",
                "Tune it first: finetrust tune.",
            )
        classes, n_classes = assembled.classes, network.recipe["n_classes"]
        if not classes:
            if n_classes != len(dataset.classes):
                raise UserError(
                    f"the model has {n_classes} outputs without names, the data have "
                    f"{len(dataset.classes)} classes",
                    "Evaluate on data with the same classes, or tune the model first.",
                )
            classes = dataset.classes
        return network, classes

    def restore(self, module: nn.Module, recipe: Mapping[str, Any], preprocessing: Any) -> Network:
        return restored_segmenter(module, recipe, preprocessing)

    def load_preprocessing(self, values: dict[str, Any], folder: Path) -> Letterbox:
        kind = Windows if values.get("windows") else Letterbox
        return kind.from_dict({name: v for name, v in values.items() if name != "windows"})

    def samples(self, preprocessing: Letterbox, augment: str) -> SegmentationSamples:
        return SegmentationSamples(preprocessing, augment)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        name = options.loss or "cross-entropy"
        if options.label_smoothing and "cross-entropy" not in name:
            raise UserError(
                f"the loss '{name}' has no label smoothing",
                "Leave --label-smoothing out, or choose --loss cross-entropy.",
            )
        weight = None
        if options.class_weights == "balanced":
            k = len(train.classes)
            counts = sum((class_pixels(m, k)[:k] for m in train.targets), np.zeros(k, np.int64))
            weight = balanced_weights(counts)
        return Objective(segmentation_losses.get(name)(weight, options.label_smoothing))

    def judge(self, outputs: Any, targets: Any) -> Judged:
        return judged(outputs, targets)

    def figures(self, judged: Sequence[Judged], classes: Sequence[str]) -> dict[str, float]:
        return mask_figures(judged)

    def predictions(self, part: Dataset, outputs: Any) -> Predictions:
        return mask_predictions(part, outputs)

    def decode(
        self,
        outputs: Any,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        return decoded_masks(outputs, values, classes, calibration)

    def line(self, answer: Mapping[str, Any]) -> str:
        if "classes" not in answer:
            return super().line(answer)
        told = ", ".join(f"{name} {share:.1%}" for name, share in answer["classes"].items())
        return f"{told}\tconfidence {answer['confidence']:.3f}"


tasks.add("segmentation", Segmentation())


def _shown(dataset: Dataset) -> np.ndarray:
    """Return which classes each image shows: bool array (n, classes)."""
    k = len(dataset.classes)
    counts = [class_pixels(mask, k)[:k] for mask in dataset.targets]
    return np.stack(counts) > 0 if counts else np.zeros((0, k), bool)


def _no_masks(dataset: Dataset) -> UserError:
    return UserError(
        f"{dataset.name}: the data are made for {dataset.task}, and segmentation takes a mask for "
        "each image",
        f"Leave --task out, or choose --task {dataset.task}; masks stand in images/ and masks/.",
    )
