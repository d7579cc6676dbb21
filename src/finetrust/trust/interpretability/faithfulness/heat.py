"""The step ``heat``: where the chosen explanation lies, on a coarse grid, so that many can be averaged."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.explaining import (
    Explainable,
    answered_rows,
    explainer,
    maps_of,
)
from finetrust.trust.trials.bench import Bench

SIDE = 16
_CHEAP = 10
"""Passes an item up to which the whole sample is explained, and not the smaller one of costly trials."""


def heat_passes(bench: Bench, found: Explainable) -> int:
    """Return what the step costs, in forward passes, on average over the methods."""
    costs = [
        attributions.get(method).passes * len(answered_rows(bench, _is_costly(method))[0])
        for method in found.methods
    ]
    return -(-sum(costs) // len(costs))


def heat_table(bench: Bench, found: Explainable, method: str) -> Predictions:
    """Return the heat of the answer to each item, its target and the answer.

    ``heat`` is float32 (n, 256): the positive part of the map on a grid of 16 x 16, row by row, adding
    up to 1; NaN where nothing speaks for the answer.
    """
    rows, answers = answered_rows(bench, _is_costly(method))
    heat = np.full((len(rows), SIDE * SIDE), np.nan, dtype=np.float32)
    explain = explainer(method, found.layer)
    for part, pixels in bench.batches(rows, "where it looks"):
        places, seeds = np.searchsorted(rows, part), bench.seeds(part)
        targets = seeds.new_tensor(answers[places])
        maps = maps_of(explain, bench.network, pixels, targets, seeds)
        heat[places] = coarse(maps).cpu().numpy()
    columns = {
        "heat": heat,
        "target": np.asarray(bench.clean["target"][rows]),
        "predicted": answers,
    }
    return Predictions(bench.ids(rows), columns)


def coarse(maps: Tensor) -> Tensor:
    """Return the positive parts of maps (n, h, w), averaged on a grid: float32 (n, 256), sums of 1.

    NaN where a map is nowhere positive or not finite.
    """
    small = F.adaptive_avg_pool2d(maps.float().relu()[:, None], SIDE).flatten(1)
    total = small.sum(dim=1, keepdim=True)
    known = maps.flatten(1).isfinite().all(dim=1, keepdim=True) & (total > 0)
    return (small / total).where(known, torch.nan)


def _is_costly(method: str) -> bool:
    return attributions.get(method).passes > _CHEAP
