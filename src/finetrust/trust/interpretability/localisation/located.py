"""How often maps lie on the object: estimates from the table of the step ``localisation``."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import bootstrap_share
from finetrust.trust.interpretability.explained_tables import step_of
from finetrust.trust.interpretability.localisation.columns import (
    AREA,
    BASELINES,
    EXPLANATION,
    STEP,
)
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.trials.same_items import same_items

WHAT = (
    "An image classifier is explained for the true class, and the object is what the object masks say; a "
    "detector for one rightly found box an image, drawn at random, against the annotated box; a segmenter "
    "for one rightly found class an image, against its pixels. Beside it, on the same items: a coarse "
    "random map, the edges of the image (Sobel), and its middle (a Gaussian), which know nothing of the "
    "model; the details hold how much higher the explanation is than each, with a paired interval. Items "
    "without an object or a map are left out. Of a random sample of the items where n is less than all."
)

_TRIALS = {"pred_boxes": "box_localisation", "confusion": "mask_localisation"}
"""Which trial locates the explanations of a task, by a column of its predictions."""

Interval = Callable[[np.ndarray, int], tuple[float, float]]


def located_estimates(
    evidence: Evidence, figure: str, interval: Interval = bootstrap_share
) -> Iterator[Estimate | Absence]:
    """Yield the mean of a figure over the items for the explanation, then for each baseline.

    Parameters
    ----------
    evidence : Evidence
    figure : str
        Of :data:`~finetrust.trust.interpretability.localisation.columns.FIGURES`.
    interval : callable
        From values in [0, 1] and a seed to the ends of the interval of their mean.

    Raises
    ------
    NotApplicable
        If the trial was not held, or no item has both an object and a map.
    """
    table = _table(evidence)
    values = table[f"{EXPLANATION}.{figure}"]
    known = np.isfinite(values)
    if not known.any():
        raise NotApplicable("no item has both an object in sight and a heat map")
    ids, values = table.ids[known], values[known]
    others = {name: table[f"{name}.{figure}"][known] for name in BASELINES}
    details: dict[str, Any] = {
        "area": float(table[AREA][known].mean()),
        "without_figure": int((~known).sum()),
        "above": {name: _above(values, other, evidence.seed) for name, other in others.items()},
    }
    low, high = interval(values, evidence.seed)
    replicates = partial(_replicates, evidence, ids, values)
    yield Estimate(float(values.mean()), low, high, len(values), "", details, replicates)
    for name, other in others.items():
        yield _of_baseline(name, other, evidence.seed, interval)


def _table(evidence: Evidence) -> Predictions:
    kinds = (trial for column, trial in _TRIALS.items() if column in evidence.clean)
    table = step_of(evidence, STEP, next(kinds, STEP))
    return same_items([table, evidence.clean])[0]


def _of_baseline(
    name: str, values: np.ndarray, seed: int, interval: Interval
) -> Estimate | Absence:
    known = values[np.isfinite(values)]
    subset = f"baseline={name}"
    if not len(known):
        return Absence("no item has such a map", subset)
    low, high = interval(known, seed)
    return Estimate(float(known.mean()), low, high, len(known), subset, secondary=True)


def _above(values: np.ndarray, other: np.ndarray, seed: int) -> dict[str, float | int] | None:
    """Return by how much the explanation is higher on the same items; None where none has both."""
    known = np.isfinite(other)
    if not known.any():
        return None
    # As a share, so that equal differences of few items are not taken for certain.
    share = (values[known] - other[known] + 1) / 2
    low, high = bootstrap_share(share, seed)
    return {
        "value": float(2 * share.mean() - 1),
        "ci_low": 2 * low - 1,
        "ci_high": 2 * high - 1,
        "n": int(known.sum()),
    }


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
