"""What a network says about validation data: figures, and the calibration that is fitted on them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_outputs
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree, to_device
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.accuracy.calibration.calibrate import calibrate


def judge_validation(
    task: Task,
    inference: Inference,
    val: Dataset | None,
    folder: RunFolder,
    calibration: str,
    workers: int | None,
) -> Mapping[str, Any]:
    """Keep predictions and figures of validation data, and return the calibration fitted on them.

    Parameters
    ----------
    task : Task
    inference : Inference
    val : Dataset (n,) or None
        Without items there are no figures, and nothing is fitted.
    folder : RunFolder
    calibration : str
        The method.
    workers : int or None
    """
    if val is None or not len(val):
        folder.write_record(validation={})
        return {}
    parts, order, judged = [], [], []
    for rows, outputs in _outputs(inference, val, workers):
        part = val.take(rows)
        judged.append(_judged(task, inference, part, outputs))
        parts.append(task.predictions(part, outputs))
        order.append(rows)
    predictions = replace(in_order(parts, order), split="val").with_groups(val.groups)
    predictions.save(folder.predictions / "val" / "clean.parquet")
    folder.write_record(validation=task.figures(judged, val.classes))
    return calibrate(predictions, calibration)


def validation_figures(
    task: Task, inference: Inference, val: Dataset, workers: int | None
) -> dict[str, float]:
    """Return the task's figures of a network on validation data; at least one item."""
    judged = [
        _judged(task, inference, val.take(rows), outputs)
        for rows, outputs in _outputs(inference, val, workers)
    ]
    return task.figures(judged, val.classes)


def _outputs(
    inference: Inference, val: Dataset, workers: int | None
) -> Iterator[tuple[np.ndarray, Tree]]:
    for rows, _, outputs in batched_outputs(inference, val, workers):
        yield rows, outputs


def _judged(task: Task, inference: Inference, part: Dataset, outputs: Tree) -> Any:
    samples = task.samples(inference.preprocessing, "none")
    targets = samples.targets([samples.target(target) for target in part.targets])
    return task.judge(outputs, to_device(targets, inference.device))
