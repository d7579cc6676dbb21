"""Made-up scenes of objects and detections, the tables that they give, and pycocotools on them."""

import contextlib
import io
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions, ragged
from finetrust.trust.accuracy.detection.found import COLUMNS

NAMES = (
    "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
    "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large",
)  # fmt: skip

Scene = dict[str, np.ndarray]


def scene(
    truths: list[tuple[int, tuple[float, ...]]] | None = None,
    found: list[tuple[int, float, tuple[float, ...]]] | None = None,
    crowds: tuple[int, ...] = (),
) -> Scene:
    """Return one image from (class, box) and (class, score, box)."""
    truths, found = truths or [], found or []
    true_boxes = np.array([box for _, box in truths], np.float32).reshape(-1, 4)
    sides = true_boxes[:, 2:] - true_boxes[:, :2]
    return {
        "pred_boxes": np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
        "pred_labels": np.array([label for label, _, _ in found], np.int64),
        "pred_scores": np.array([score for _, score, _ in found], np.float32),
        "true_boxes": true_boxes,
        "true_labels": np.array([label for label, _ in truths], np.int64),
        "true_crowd": np.array([i in crowds for i in range(len(truths))], bool),
        "true_area": (sides[:, 0] * sides[:, 1]).astype(np.float32),
    }


def random_scenes(
    n: int,
    seed: int,
    objects: int = 8,
    extra: int = 8,
    classes: int = 3,
    crowd: float = 0.1,
    jitter: float = 0.1,
    side: int = 300,
    found: float = 0.8,
) -> list[Scene]:
    """Return images whose objects are found with jitter, with some more detections anywhere."""
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(n):
        m, e = rng.integers(0, objects + 1), rng.integers(0, extra + 1)
        labels = rng.integers(0, classes, m)
        boxes = _boxes(rng, m, side)
        seen = rng.random(m) < found
        moved = boxes[seen] + rng.normal(size=(seen.sum(), 4)) * jitter * np.tile(
            boxes[seen, 2:] - boxes[seen, :2], 2
        )
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        told = np.where(rng.random(seen.sum()) < 0.9, labels[seen], rng.integers(0, classes))
        scenes.append(
            {
                "pred_boxes": np.concatenate([moved, _boxes(rng, e, side)]).astype(np.float32),
                "pred_labels": np.concatenate([told, rng.integers(0, classes, e)]),
                "pred_scores": np.concatenate(
                    [rng.beta(4, 2, len(told)), rng.beta(2, 4, e)]
                ).round(2).astype(np.float32),
                "true_boxes": boxes.astype(np.float32),
                "true_labels": labels,
                "true_crowd": rng.random(m) < crowd,
                "true_area": (0.8 * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).astype(np.float32),
            }
        )  # fmt: skip
    return scenes


def columns_of(scenes: list[Scene]) -> list[list[np.ndarray]]:
    """Return the columns in the order in which the arithmetic takes them."""
    return [[one[name] for one in scenes] for name in COLUMNS]


def table_of(scenes: list[Scene], ids: Any = None, name: str = "clean") -> Predictions:
    """Return the scenes as predictions on images of 300 x 300 pixels."""
    columns = {name: ragged([one[name] for one in scenes]) for name in COLUMNS}
    columns["size"] = np.full((len(scenes), 2), 300)
    names = np.asarray(range(len(scenes)) if ids is None else ids).astype(str)
    return Predictions(names, columns, perturbation=name)


def evidence_of(scenes: list[Scene], **rest: Any) -> Evidence:
    return Evidence(table_of(scenes), **rest)


def reference(scenes: list[Scene]) -> tuple[dict[str, float], np.ndarray]:
    """Return the twelve figures of pycocotools, and its AP by class; NaN where it says -1."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    classes = 1 + max(
        (int(one[c].max(initial=0)) for one in scenes for c in ("true_labels", "pred_labels")),
        default=0,
    )
    annotations, detections = [], []
    for i, one in enumerate(scenes):
        for box, label, crowd, area in zip(
            one["true_boxes"], one["true_labels"], one["true_crowd"], one["true_area"], strict=True
        ):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": int(label),
                    "bbox": _xywh(box),
                    "iscrowd": int(crowd),
                    "area": float(area),
                }
            )
        for box, label, score in zip(
            one["pred_boxes"], one["pred_labels"], one["pred_scores"], strict=True
        ):
            detections.append(
                {
                    "image_id": i,
                    "category_id": int(label),
                    "bbox": _xywh(box),
                    "score": float(score),
                }
            )
    truth = COCO()
    truth.dataset = {
        "images": [{"id": i} for i in range(len(scenes))],
        "annotations": annotations,
        "categories": [{"id": k, "name": str(k)} for k in range(classes)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        if detections:
            results = truth.loadRes(detections)
        else:
            results = COCO()
            results.dataset = {**truth.dataset, "annotations": []}
            results.createIndex()
        evaluation = COCOeval(truth, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    figures = np.where(evaluation.stats == -1, np.nan, evaluation.stats)
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    known = precision[0, 0] > -1
    by_class = np.where(known, precision.mean(axis=(0, 1)), np.nan)
    return dict(zip(NAMES, figures, strict=True)), by_class


def _boxes(rng: np.random.Generator, n: int, side: int) -> np.ndarray:
    corner = rng.uniform(0, 0.7 * side, (n, 2))
    size = side * 0.6 * rng.uniform(0.15, 1, (n, 2)) ** 2
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32).astype(np.float64)


def _xywh(box: np.ndarray) -> list[float]:
    x1, y1, x2, y2 = (float(value) for value in box)
    return [x1, y1, x2 - x1, y2 - y1]
