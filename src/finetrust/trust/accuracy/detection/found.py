"""Detections and annotations of all images as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.predictions import Predictions

COLUMNS = (
    "pred_boxes",
    "pred_labels",
    "pred_scores",
    "true_boxes",
    "true_labels",
    "true_crowd",
    "true_area",
)
"""The columns of predictions that say what was found and what is there."""


@dataclass(frozen=True)
class Found:
    """What was found in n images, and what is there.

    Parameters
    ----------
    n_images : int
    image, label : int64 arrays (d,)
        Of each detection.
    boxes : float64 array (d, 4)
        x1, y1, x2, y2.
    score : float64 array (d,)
    true_image, true_label : int64 arrays (g,)
        Of each annotated object.
    true_boxes : float64 array (g, 4)
    true_crowd : bool array (g,)
    true_area : float64 array (g,)
    """

    n_images: int
    image: np.ndarray
    label: np.ndarray
    boxes: np.ndarray
    score: np.ndarray
    true_image: np.ndarray
    true_label: np.ndarray
    true_boxes: np.ndarray
    true_crowd: np.ndarray
    true_area: np.ndarray

    @classmethod
    def of_columns(
        cls,
        pred_boxes: Sequence[np.ndarray],
        pred_labels: Sequence[np.ndarray],
        pred_scores: Sequence[np.ndarray],
        true_boxes: Sequence[np.ndarray],
        true_labels: Sequence[np.ndarray],
        true_crowd: Sequence[np.ndarray],
        true_area: Sequence[np.ndarray],
    ) -> "Found":
        """Join one array an image of each; a detection that is not finite is none."""
        boxes, score = _joined(pred_boxes, 4), _joined(pred_scores)
        finite = np.isfinite(boxes).all(axis=1) & np.isfinite(score)
        return cls(
            len(pred_boxes),
            _images(pred_scores)[finite],
            _joined(pred_labels).astype(np.int64)[finite],
            boxes[finite],
            score[finite],
            _images(true_labels),
            _joined(true_labels).astype(np.int64),
            _joined(true_boxes, 4),
            _joined(true_crowd).astype(bool),
            _joined(true_area),
        )

    @classmethod
    def of(cls, predictions: Predictions) -> "Found":
        """Read them off a table with the `COLUMNS`."""
        return cls.of_columns(*[list(predictions[name]) for name in COLUMNS])


def _joined(rows: Sequence[np.ndarray], width: int = 0) -> np.ndarray:
    shape = (-1, width) if width else (-1,)
    parts = [np.asarray(row, np.float64).reshape(shape) for row in rows]
    return np.concatenate(parts) if parts else np.zeros((0, width) if width else 0)


def _images(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.repeat(np.arange(len(rows)), [len(row) for row in rows]).astype(np.int64)
