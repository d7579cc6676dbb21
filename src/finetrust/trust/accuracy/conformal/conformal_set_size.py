"""Size of prediction sets: how many classes it takes to keep the promise."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.conformal.sets import Sets, absent_parts, each_sets
from finetrust.trust.accuracy.conformal.words import SETS, WHOLE
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bootstrap_mean,
    resampled_means,
    wilson,
)


@measure(
    "conformal_set_size",
    axis="accuracy",
    title="Classes in the prediction set (90 % promised)",
    better="lower",
    method="Mean number of classes in the prediction sets of the test items; a set may be empty where the "
    f"model is right more often than was promised. {SETS} BCa bootstrap over items; where all sets have "
    "the same size, one class more or less for as many items as the Wilson interval allows.",
    reference="Sadinle, Lei & Wasserman 2019, JASA 114(525), section 2",
    needs=("target", "logits"),
    meaning=f"How many answers predict --set names on average; 1 is a plain answer. {WHOLE}",
    topic="conformal",
)
def conformal_set_size(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean size of LAC sets at 90 %, then of every method at every coverage.

    The details hold ``sizes`` and ``counts``: how many items have a set of each size that occurs.
    """
    for sets, subset in each_sets(evidence):
        size = sets.size[sets.answered].astype(float)
        sizes, counts = np.unique(sets.size[sets.answered], return_counts=True)
        low, high = _interval(size, evidence.clean["logits"].shape[1], evidence.seed)
        yield Estimate(
            float(size.mean()),
            low,
            high,
            len(size),
            subset,
            {"asked": sets.asked, "sizes": sizes.tolist(), "counts": counts.tolist()},
            replicates=partial(_resampled, sets, evidence.seed),
            secondary=bool(subset),
        )
    yield from absent_parts(evidence)


def _interval(size: np.ndarray, n_classes: int, seed: int) -> tuple[float, float]:
    if np.ptp(size) == 0:
        most = float(wilson(0, len(size))[1])
        return max(0.0, float(size[0]) - most), min(float(n_classes), float(size[0]) + most)
    return bootstrap_mean(size, seed)


def _resampled(sets: Sets, seed: int) -> np.ndarray:
    columns = np.stack([sets.answered, sets.size * sets.answered], axis=1)
    means = resampled_means(columns, RESAMPLES, seed)
    with np.errstate(invalid="ignore"):
        return means[:, 1] / means[:, 0]
