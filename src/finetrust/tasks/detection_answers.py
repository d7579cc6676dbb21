"""What a detector found, in pixels of the original images: as a table, and for a user."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.core.predictions import Predictions, ragged
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.models.letterbox import Letterbox
from finetrust.trust.accuracy.detection.score_calibration import LEAST, calibrated_scores


def box_predictions(part: Dataset, outputs: Sequence[dict[str, Tensor]]) -> Predictions:
    """Return detections and annotations of every image of `part`.

    Columns, each with one array an image: ``pred_boxes`` (m, 4; float32, x1 y1 x2 y2 in pixels of
    the original image), ``pred_labels``, ``pred_scores``, ``true_boxes``, ``true_labels``,
    ``true_crowd`` and ``true_area``; and ``size`` (n, 2), width and height.
    """
    truths: list[Boxes] = list(part.targets)
    sizes = [_size(truth) for truth in truths]
    found = [_on_image(output, size) for output, size in zip(outputs, sizes, strict=True)]
    columns = {
        "pred_boxes": ragged([boxes for boxes, _, _ in found]),
        "pred_labels": ragged([labels for _, labels, _ in found]),
        "pred_scores": ragged([scores for _, _, scores in found]),
        "true_boxes": ragged([truth.boxes.astype(np.float32) for truth in truths]),
        "true_labels": ragged([truth.labels.astype(np.int64) for truth in truths]),
        "true_crowd": ragged([truth.crowd.astype(bool) for truth in truths]),
        "true_area": ragged([truth.area.astype(np.float32) for truth in truths]),
        "size": np.asarray(sizes, np.int64).reshape(-1, 2),
    }
    return Predictions(np.asarray(part.ids, dtype=str), columns)


def decoded_boxes(
    outputs: Sequence[dict[str, Tensor]],
    sizes: Sequence[tuple[int, int]],
    classes: Sequence[str],
    calibration: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the boxes of each image, with calibrated scores, as JSON values.

    Told are those with a score of at least 0.3 before calibration; the table keeps them all.
    """
    answers: list[dict[str, Any]] = []
    for output, size in zip(outputs, sizes, strict=True):
        boxes, labels, scores = _on_image(output, size)
        if not np.isfinite(scores).all() or not np.isfinite(boxes).all():
            answers.append({"error": "the model returned NaN or infinity"})
            continue
        told_scores = calibrated_scores(scores, calibration)
        answers.append(
            {
                "boxes": [
                    {
                        "class": classes[label],
                        "score": float(told_score),
                        "box": [round(float(x), 1) for x in box],
                    }
                    for box, label, score, told_score in zip(
                        boxes, labels, scores, told_scores, strict=True
                    )
                    if score >= LEAST
                ]
            }
        )
    return answers


def told(target: Boxes, classes: Sequence[str]) -> str:
    """Return how many boxes of each class there are, and a mark that tells other boxes apart."""
    counts = Counter(target.labels.tolist())
    if not counts:
        return "no boxes"
    listed = ", ".join(f"{counts[label]} {classes[label]}" for label in sorted(counts))
    return f"{listed} (boxes {target.digest[:8]})"


def _size(truth: Boxes) -> tuple[int, int]:
    assert truth.size is not None, "the checks fill in the size of every image"
    return truth.size


def _on_image(
    output: dict[str, Tensor], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (m, 4), labels (m,) and scores (m,) in pixels of an image of `size`."""
    height, width = (int(side) for side in output["canvas"])
    letterbox = Letterbox(height, width, "bilinear", (0, 0, 0), (1, 1, 1))
    boxes = letterbox.to_image(output["boxes"].float().cpu().numpy(), size).astype(np.float32)
    labels = output["labels"].cpu().numpy().astype(np.int64)
    return boxes, labels, output["scores"].float().cpu().numpy()
