"""Object detection: boxes around objects, each with a class."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from finetrust.config import DataColumns, ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.boxes.box_checks import box_counts, examine_boxes, rarest_classes
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.data.findings import Findings
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.input_kind import Size
from finetrust.models.assemble import Assembled
from finetrust.models.detectors.assemble import (
    assemble_detector,
    detection_network,
    detector_as_it_comes,
    restored_detector,
)
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.tasks.class_targets import class_positions
from finetrust.tasks.detection_answers import box_predictions, decoded_boxes, told
from finetrust.tasks.detection_figures import Judged, box_figures, judged_boxes
from finetrust.tasks.detection_loss import DetectionLoss
from finetrust.tasks.detection_samples import DetectionSamples
from finetrust.tasks.task import Task, TrainingDefaults, tasks


class Detection(Task):
    """Targets are boxes; outputs are, for each image, the boxes found on its canvas."""

    kind = IMAGES
    options = frozenset({"head"})
    primary = "ap"
    headlines = {
        "accuracy": "ap",
        "stability": "corruption_ap",
        "interpretability": "pointing_game",
    }
    explanations = ("box_heat_maps",)
    counted = "boxes"
    pipeline = "object-detection"
    near_copies_agree = False
    balances = False
    defaults = TrainingDefaults(probe_rate=1e-3, full_rate=1e-3, probe_epochs=4, full_epochs=16)

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        boxes = dataset.targets.dtype == object and all(
            isinstance(target, Boxes) for target in dataset.targets
        )
        if not boxes or not len(dataset) or not dataset.classes:
            raise UserError(
                f"{dataset.name}: the targets are no boxes, which detection needs",
                "Give COCO JSON, Pascal VOC XML or YOLO text files, or choose another --task.",
            )
        return dataset

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        positions = class_positions(dataset, classes)
        targets = np.empty(len(dataset), object)
        targets[:] = [boxes.relabelled(positions) for boxes in dataset.targets]
        return replace(dataset, targets=targets, classes=classes)

    def examine(self, dataset: Dataset, sizes: Sequence[Size]) -> tuple[Dataset, Findings]:
        return examine_boxes(dataset, sizes)

    def refuse(self, before: Dataset, after: Dataset) -> None:
        lost = np.flatnonzero(self.class_counts(after) == 0)
        if len(lost) == len(after.classes):
            raise UserError(
                f"{before.name}: no image has a usable box",
                "Mend the annotations that the data report names.",
            )

    def strata(self, dataset: Dataset) -> np.ndarray:
        return rarest_classes(dataset)

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return box_counts(dataset)

    def label(self, target: Boxes, classes: Sequence[str]) -> str:
        return told(target, classes)

    def assemble(
        self,
        options: ModelOptions,
        dataset: Dataset,
        module: nn.Module | None = None,
        preprocessing: Any = None,
    ) -> Assembled:
        return assemble_detector(options, dataset, module, preprocessing)

    def network(
        self, assembled: Assembled, classes: Sequence[str], options: TuneOptions
    ) -> Network:
        return detection_network(assembled, len(classes), options.head)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        found = detector_as_it_comes(assembled)
        if found is None:
            raise UserError(
                f"{assembled.provenance.architecture} comes without a detector that can be judged",
                "Tune it first: finetrust tune.",
            )
        network, n_classes = found
        if len(assembled.classes) == n_classes:
            return network, assembled.classes
        if n_classes != len(dataset.classes):
            raise UserError(
                f"the model tells {n_classes} classes apart, which have no names; the data have "
                f"{len(dataset.classes)}",
                "Evaluate on data with the same classes, or tune the model first.",
            )
        return network, dataset.classes

    def restore(self, module: nn.Module, recipe: Mapping[str, Any], preprocessing: Any) -> Network:
        return restored_detector(module, recipe, preprocessing)

    def load_preprocessing(self, values: dict[str, Any], folder: Path) -> Letterbox:
        return Letterbox.from_dict(values)

    def samples(self, preprocessing: Letterbox, augment: str) -> DetectionSamples:
        return DetectionSamples(preprocessing, augment)

    def objective(self, options: TuneOptions, train: Dataset) -> DetectionLoss:
        return DetectionLoss()

    def judge(self, outputs: Tree, targets: Tree) -> list[Judged]:
        return judged_boxes(outputs, targets)

    def figures(self, judged: Sequence[list[Judged]], classes: Sequence[str]) -> dict[str, float]:
        return box_figures([image for batch in judged for image in batch])

    def predictions(self, part: Dataset, outputs: Tree) -> Predictions:
        return box_predictions(part, outputs)

    def decode(
        self,
        outputs: Tree,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        return decoded_boxes(outputs, [image.size for image in values], classes, calibration)


tasks.add("detection", Detection())
