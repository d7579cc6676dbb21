"""What tasks other than image classification leave behind, with made-up figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from synthetic_measures import (
    CORRUPTIONS,
    TYPOS,
    by_class,
    ece,
    figure,
    left_out,
    overlap,
    under_disturbance,
)

from finetrust.core.measure import Measure


@dataclass(frozen=True)
class SyntheticTask:
    """What a run of a task leaves behind.

    Parameters
    ----------
    name, pipeline, inputs, counted : str
    headlines : mapping
    measures : tuple of Measure
    classes : tuple of str
    figures : mapping
        Validation figures of the last epoch; the first is the primary one.
    preprocessing, sizes, calibration : mapping
    pictures : tuple of mapping
        Those with ``size`` get files of that size.
    problems : tuple of (id, problem)
    """

    name: str
    pipeline: str
    inputs: str
    counted: str
    headlines: Mapping[str, str]
    measures: tuple[Measure, ...]
    classes: tuple[str, ...]
    figures: Mapping[str, float]
    preprocessing: Mapping[str, Any]
    sizes: Mapping[str, Any]
    calibration: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def detection() -> SyntheticTask:
    """Boxes of blood cells; no temperature, calibration by a curve, severities 1, 3 and 5."""
    classes = {"RBC": 0.612, "WBC": 0.781, "Platelets": 0.403}
    ap = "Average precision (AP)"
    return SyntheticTask(
        "detection",
        "object-detection",
        "images",
        "boxes",
        {"accuracy": "ap", "stability": "corruption_ap", "data": "train_overlap"},
        (
            overlap(),
            figure(
                "ap",
                ap,
                0.599,
                meaning="100 % would be every object found in a tight box, and nothing else.",
            ),
            *by_class("ap", ap, classes),
            figure("ap50", "AP at an overlap of 50 %", 0.871),
            figure("ap_small", "AP of small objects", None, reason="there are no small objects"),
            figure(
                "ar_small", "Recall of small objects", None, reason="there are no small objects"
            ),
            ece("detection_ece", "Detection calibration error", 0.083, 900),
            *left_out("Accuracy", "Brier score", "Macro F1", "Entity F1"),
            *under_disturbance(
                "corruption_ap", "AP under common corruptions", 0.599, CORRUPTIONS, (1, 3, 5)
            ),
            *left_out("Accuracy under common corruptions", axis="stability"),
        ),
        tuple(classes),
        {"ap": 0.59, "ap50": 0.87},
        {
            "height": 416,
            "width": 416,
            "interpolation": "bilinear",
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
        },
        {
            "min": [640, 480],
            "median": [640, 480],
            "max": [640, 480],
            "distinct": 1,
            "unit": "pixels",
        },
        pictures=(
            picture(
                0,
                "confident error",
                "RBC found with 91.2 % confidence where there is none",
                (320, 240),
            ),
            picture(1, "missed object", "Platelets of 22 x 19 pixels, not found", (320, 240)),
            picture(
                2, "random correct", "WBC, found with 97.0 % confidence, overlap 0.88", (320, 240)
            ),
        ),
        problems=(("BloodImage_0001", "box 3 reaches over the border by 4 pixels and was cut"),),
    )


def segmentation() -> SyntheticTask:
    """Street scenes: pixels are counted in millions, pictures are three panels wide."""
    names = ("sky", "building", "road", "car", "pedestrian")
    iou = "Mean intersection over union"
    right = np.array([4_120_331, 5_311_020, 7_900_120, 1_200_411, 210_012])
    confusion = np.full((5, 5), 40_112) + np.diag(right)
    details = {
        "classes": list(names),
        "confusion": confusion.tolist(),
        "no_answer": 0,
        "counted": "pixels",
    }
    return SyntheticTask(
        "segmentation",
        "image-segmentation",
        "images",
        "images that show it",
        {"accuracy": "miou", "stability": "corruption_miou"},
        (
            overlap(),
            figure("miou", iou, 0.682, half=0.08, details=details),
            *by_class("miou", iou, dict(zip(names, (0.91, 0.82, 0.93, 0.55, 0.2), strict=True))),
            figure("pixel_accuracy", "Pixel accuracy", 0.893),
            ece(
                "pixel_ece",
                "Expected calibration error of pixels",
                0.041,
                60_000,
                ("before", "after"),
            ),
            *left_out("Accuracy", "Brier score", "Macro F1"),
            *under_disturbance(
                "corruption_miou",
                f"{iou} under common corruptions",
                0.682,
                CORRUPTIONS,
                (1, 2, 3, 4, 5),
            ),
        ),
        names,
        {"loss": 0.41, "miou": 0.66, "pixel_accuracy": 0.88},
        {
            "height": 240,
            "width": 320,
            "interpolation": "bilinear",
            "windows": True,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        {
            "min": [480, 360],
            "median": [480, 360],
            "max": [960, 720],
            "distinct": 2,
            "unit": "pixels",
        },
        {"temperature": 1.31, "n": 101},
        (
            picture(
                0,
                "worst image",
                "Mean IoU 21.0 %; the heat map is of “pedestrian”",
                (972, 260),
                wide=True,
            ),
            picture(
                1,
                "random image",
                "Mean IoU 70.3 %; the heat map is of “road”",
                (972, 260),
                wide=True,
            ),
        ),
    )


def text_classification() -> SyntheticTask:
    """Reviews: classification measures, a plain model beside, words as explanations."""
    counts = [[360, 40], [52, 348]]
    details = {"classes": ["negative", "positive"], "confusion": counts, "no_answer": 0}
    shares: dict[str, Any] = {"share": True, "n": 800, "half": 0.022}
    review = [
        ["A", 0.02],
        [" charming", 0.91],
        [" film", 0.1],
        [",", 0.0],
        [" if", -0.2],
        [" never", -0.74],
        [" deep", 0.31],
        [".", 0.01],
    ]
    return SyntheticTask(
        "text-classification",
        "text-classification",
        "texts",
        "texts",
        {"accuracy": "accuracy", "stability": "corruption_accuracy"},
        (
            overlap(800),
            figure("accuracy", "Accuracy", 0.885, details=details, **shares),
            figure(
                "recall", "Recall per class", 0.9, subset="class=negative", **{**shares, "n": 400}
            ),
            figure(
                "recall", "Recall per class", 0.87, subset="class=positive", **{**shares, "n": 400}
            ),
            figure(
                "baseline_accuracy",
                "Accuracy of the plain model",
                0.804,
                meaning="The plain model counts words (TF-IDF with logistic regression).",
                **shares,
            ),
            figure("gain_over_baseline", "Gain over the plain model", 0.081, half=0.025, n=800),
            ece("ece", "Expected calibration error", 0.031, 800, ("before", "after")),
            *left_out("Entity F1", "Average precision", "Mean dice"),
            *under_disturbance(
                "corruption_accuracy",
                "Accuracy under corruptions",
                0.885,
                TYPOS,
                (1, 2, 3),
                share=True,
            ),
        ),
        ("negative", "positive"),
        {"loss": 0.31, "accuracy": 0.88},
        {
            "tokenizer_sha256": "9c" * 32,
            "max_length": 128,
            "pad_id": 0,
            "segments": True,
            "words": False,
        },
        {"min": [1], "median": [19], "max": [54], "distinct": 51, "unit": "words"},
        {"temperature": 1.21, "n": 200},
        (
            {
                "id": "test.tsv:17",
                "kind": "confident error",
                "caption": "negative taken for positive with 98.1 % confidence",
                "tokens": review,
            },
            {
                "id": "test.tsv:40",
                "kind": "random correct",
                "caption": "positive, right, with 99.0 % confidence",
                "tokens": [*review, ["\n", 0], ["A second text.", 0.5]],
            },
        ),
    )


def token_classification() -> SyntheticTask:
    """Entities in tweets: two calibration errors, types instead of classes."""
    types = {"person": 0.551, "location": 0.483, "product": 0.121, "group": 0.2}
    f1 = "Entity F1"
    words = ["Ada", "Lovelace", "went", "to", "Camden", "."]
    return SyntheticTask(
        "token-classification",
        "token-classification",
        "texts",
        "words",
        {"accuracy": "entity_f1", "stability": "corruption_entity_f1"},
        (
            overlap(1287),
            figure("entity_f1", f1, 0.412, n=1287),
            *by_class("entity_f1", f1, types, "type"),
            figure("entity_precision", "Entity precision", 0.52, n=1287),
            *by_class("entity_precision", "Entity precision", types, "type"),
            ece("entity_ece", "Expected calibration error of entities", 0.112, 700),
            ece(
                "token_ece", "Expected calibration error of tags", 0.02, 20_000, ("before", "after")
            ),
            *left_out("Accuracy", "Brier score", "Mean dice"),
            *under_disturbance(
                "corruption_entity_f1", "Entity F1 under corruptions", 0.412, TYPOS, (1, 2, 3)
            ),
        ),
        ("O", *(f"{mark}-{name}" for name in types for mark in "BI")),
        {"loss": 0.2, "entity_f1": 0.43, "token_accuracy": 0.94},
        {
            "tokenizer_sha256": "9c" * 32,
            "max_length": 128,
            "pad_id": 0,
            "segments": True,
            "words": True,
        },
        {"min": [1], "median": [16], "max": [40], "distinct": 39, "unit": "words"},
        {"temperature": 1.1, "n": 500},
        (
            {
                "id": "emerging.test:3",
                "kind": "missed entity",
                "caption": "“Camden” is a location and was not found",
                "tokens": [
                    [word, weight]
                    for word, weight in zip(words, (0.1, 0.0, -0.35, -1.0, 0.8, 0.0), strict=True)
                ],
            },
        ),
    )


def regression() -> SyntheticTask:
    """One number an image: no classes, no confidence, nothing was disturbed."""
    return SyntheticTask(
        "regression",
        "",
        "images",
        "images",
        {"accuracy": "r2"},
        (
            overlap(300),
            figure("mae", "Mean absolute error", 3.412, half=0.41, n=300, unit="", better="lower"),
            figure("r2", "Explained variance (R²)", 0.731, half=0.05, n=300, unit=""),
            *left_out("Accuracy", "Brier score"),
            *left_out("ece"),
            *left_out("corruption_accuracy", axis="stability"),
        ),
        (),
        {"loss": 12.1, "r2": 0.71},
        {
            "input_size": 96,
            "resize": 96,
            "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        {"min": [96, 96], "median": [96, 96], "max": [96, 96], "distinct": 1, "unit": "pixels"},
    )


def picture(
    number: int, kind: str, caption: str, size: tuple[int, int], **facts: Any
) -> dict[str, Any]:
    files = {"file": f"pictures/{number:03d}.png", "overlay": f"pictures/{number:03d}-overlay.png"}
    return {
        "id": f"image-{number}.jpg",
        "kind": kind,
        "caption": caption,
        "size": size,
        **files,
        **facts,
    }


TASKS: Mapping[str, Callable[[], SyntheticTask]] = {
    "detection": detection,
    "segmentation": segmentation,
    "text-classification": text_classification,
    "token-classification": token_classification,
    "regression": regression,
}
