"""Ordinary evidence of every family of tasks: each registered measure has a value on one of them."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions, ragged

from .accuracy.detection.scenes import random_scenes, table_of
from .accuracy.labels.worlds_of_labels import ordinary_labels
from .accuracy.segmentation.maps import ordinary_masks
from .accuracy.tokens.worlds_of_tags import ordinary_tags
from .worlds import calibrated_world, predictions_of

CLASSES = ("cat", "dog", "<script>", "eel")
N = 60

Change = Callable[[Predictions, float, np.random.Generator], dict[str, np.ndarray]]
"""From items, how much to change them, and randomness, to the columns that are changed."""


def ordinary(name: str) -> Evidence:
    """Return the evidence of the family that has the columns which the measure needs."""
    if name == "top_5_accuracy":
        return FAMILIES["many classes"]
    needs = measures.get(name).needs
    found = [
        family
        for family in FAMILIES.values()
        if all(any(column in family.clean for column in need.split("|")) for need in needs)
    ]
    assert found, f"no family of evidence has the columns {', '.join(needs)}: add one"
    return found[0]


def full_evidence(logits: object, targets: object, **changes: object) -> Evidence:
    """Return evidence with everything that there can be beside logits and targets."""
    clean = predictions_of(logits, targets)
    n = len(clean)
    rng = np.random.default_rng(5)
    plain = predictions_of(rng.normal(size=clean["logits"].shape), targets)
    features = rng.normal(size=(n, 8)).astype(np.float32)
    everything = Evidence(
        clean=replace(clean, columns={**clean.columns, "features": features}),
        perturbed=perturbed_of(clean, noisy("logits")),
        trials=tables_of_trials(clean),
        classes=CLASSES[: clean["logits"].shape[1]],
        calibration={"temperature": 1.5, "n": 10},
        baseline=plain.take(rng.permutation(n)),
        validation=predictions_of(
            *calibrated_world(400, max(1, clean["logits"].shape[1]), seed=6, sharpness=10)
        ),
        groups={"site": np.array(["north", "south"])[np.arange(n) % 2]},
        protected=("site",),
        properties={"brightness": np.where(np.arange(n) % 9, rng.random(n), np.nan)},
        data={
            "n_train": 20,
            "train_class_counts": [5] * clean["logits"].shape[1],
            "train_label_suspects": {
                "share": 0.05,
                "ci_low": 0.03,
                "ci_high": 0.08,
                "p_value": 1e-9,
                "alarm": True,
                "n": n,
                "suspects": [
                    {
                        "id": "train/7",
                        "label": "cat",
                        "suggested": "dog",
                        "confidence": 0.97,
                        "probability_wrong": 0.999,
                        "agreed": True,
                    }
                ],
            },
            "corruption_reference": {
                "name": "runs/reference",
                "types": ["contrast", "gaussian_noise", "typos"],
                "severities": [1, 3, 5],
                "errors": [[0.5, 0.6, 0.7]] * 3,
                "clean": 0.1,
                "extra": [],
            },
            "train_overlap_exact": [["0", "train/7"]],
            "train_overlap_near": [],
        },
        seed=3,
    )
    return replace(everything, **changes)


def tables_of_trials(clean: Predictions) -> dict[str, dict[str, Predictions]]:
    """Return made-up tables of every trial that has a file ``AXIS/*/tables.py``."""
    here, found = Path(__file__).parent, {}
    for file in sorted(here.glob("*/*/tables.py")):
        name = ".".join(("", *file.parent.relative_to(here).parts, "tables"))
        module = import_module(name, __package__)
        found[module.TRIAL] = module.tables(clean)
    return found


def perturbed_of(clean: Predictions, change: Change) -> dict[str, Predictions]:
    """Return half of the items, in any order, under some corruptions."""
    n = len(clean)
    rng = np.random.default_rng(0)
    sample = clean.take(rng.permutation(n)[: max(1, n // 2)] if n else np.arange(0))
    return {
        f"{name}-{severity}": replace(
            sample,
            columns={**sample.columns, **change(sample, 0.3 * severity, rng)},
            perturbation=f"{name}-{severity}",
        )
        for name in ("gaussian_noise", "contrast", "typos")
        for severity in (1, 3, 5)
    }


def noisy(column: str) -> Change:
    """Return what adds noise to a column."""

    def change(sample: Predictions, scale: float, rng: np.random.Generator) -> dict:
        return {column: sample[column] + scale * rng.normal(size=sample[column].shape)}

    return change


def numbers() -> Evidence:
    """Return evidence of a task that predicts numbers."""
    rng = np.random.default_rng(0)
    number = rng.normal(size=N)
    columns = {"number": number, "predicted_number": number + 0.5 * rng.normal(size=N)}
    clean = Predictions(np.arange(N).astype(str), columns)
    return Evidence(clean, perturbed_of(clean, noisy("predicted_number")), seed=3)


def boxes() -> Evidence:
    """Return evidence of a task that finds objects."""
    clean = table_of(random_scenes(N, seed=0))

    def moved(sample: Predictions, scale: float, rng: np.random.Generator) -> dict:
        found = [
            boxes + 20 * scale * rng.normal(size=boxes.shape) for boxes in sample["pred_boxes"]
        ]
        return {"pred_boxes": ragged([boxes.astype(np.float32) for boxes in found])}

    return Evidence(clean, perturbed_of(clean, moved), classes=CLASSES[:3], seed=3)


FAMILIES = {
    "classes": full_evidence(*calibrated_world(N, len(CLASSES), seed=0)),
    "many classes": full_evidence(*calibrated_world(N, 8, seed=0), classes=tuple("abcdefgh")),
    "numbers": numbers(),
    "labels": ordinary_labels(),
    "tags": ordinary_tags(),
    "masks": ordinary_masks(),
    "boxes": boxes(),
}
