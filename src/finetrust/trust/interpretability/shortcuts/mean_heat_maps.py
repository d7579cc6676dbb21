"""What each class looks at on average, from the kept heat maps of single items."""

from typing import Any

import numpy as np
import torch

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.shortcuts.found import class_name
from finetrust.trust.interpretability.shortcuts.reliance import mean_heat

STEP, TRIAL = "heat", "explanations"
SIDE = 16
MOST_CLASSES = 24


def heat_maps(table: Predictions) -> np.ndarray:
    """Return the kept maps as images: float64 array (n, 16, 16); NaN where an item has no heat."""
    return np.asarray(table["heat"], dtype=np.float64).reshape(-1, SIDE, SIDE)


def mean_heat_maps(evidence: Evidence, table: Predictions) -> list[dict[str, Any]]:
    """Return the mean map of each predicted class, those with most items first.

    Returns
    -------
    list of mapping
        ``class``, ``n`` and ``map``: 16 rows of 16 numbers that add up to 1; 24 classes at most.
    """
    maps, predicted = heat_maps(table), table["predicted"]
    known = np.isfinite(maps).all(axis=(1, 2)) & (maps.sum(axis=(1, 2)) > 0)
    found = mean_heat(torch.from_numpy(maps[known]), torch.from_numpy(predicted[known]))
    counts = {label: int((predicted[known] == label).sum()) for label in found}
    most = sorted(found, key=lambda label: (-counts[label], label))[:MOST_CLASSES]
    return [
        {
            "class": class_name(evidence, label),
            "n": counts[label],
            "map": [[round(x, 6) for x in row] for row in found[label].tolist()],
        }
        for label in most
    ]
