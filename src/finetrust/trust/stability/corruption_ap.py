"""Average precision under common corruptions.

Michaelis et al., "Benchmarking Robustness in Object Detection: Autonomous Driving when Winter is
Coming", 2019.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.detection.average_precision import average_precisions, over_classes
from finetrust.trust.accuracy.detection.found import COLUMNS, Found
from finetrust.trust.accuracy.detection.matching import match
from finetrust.trust.accuracy.detection.resampling import DETECTIONS_IN_ALL, Weightings
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_counts
from finetrust.trust.stability.corruption_replicates import rows_of_clean
from finetrust.trust.trials.matched import matched

LEAST_SHARED = 600
"""So many of the shared resamples are counted at least: most of them, as comparing in pairs asks."""

INTERVAL = (
    "BCa bootstrap over images, each taken with all its copies: 1000 resamples, down to 200 of many "
    "detections."
)


@measure(
    "corruption_ap",
    axis="stability",
    topic="damage",
    title="Average precision under common corruptions",
    better="higher",
    method="Average precision (COCO's AP) on corrupted copies of the images, or of a random sample of "
    "them (n says how many), every type counting the same and within a type every severity (mPC). "
    f"{INTERVAL}",
    reference="Michaelis et al. 2019, arXiv:1907.07484, eq. 1",
    unit="%",
    needs=COLUMNS,
    meaning="100 % would be every object found in a tight box on images with noise, blur and other "
    "light, and nothing else.",
)
def corruption_ap(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold AP by severity."""
    found = _corrupted(evidence)
    by_type = found.figures.by_type
    table = {
        name: {str(severity): float(values[0]) for severity, values in sorted(of.items())}
        for name, of in by_type.items()
    }

    def estimate(figure: _Figure, subset: str, details: Mapping) -> Estimate:
        interval = found.weightings.interval(figure(found.figures))
        replicates = partial(_replicates, evidence, figure)
        return Estimate(*interval, found.n, subset, details, replicates)

    yield estimate(_over_types, "", table)
    for name in by_type:
        yield estimate(partial(_over_severities, name=name), f"corruption={name}", table[name])


@measure(
    "relative_corruption_ap",
    axis="stability",
    topic="damage",
    title="Average precision kept under common corruptions",
    better="higher",
    method="Average precision under corruption divided by that on the same images untouched (rPC). "
    f"{INTERVAL}",
    reference="Michaelis et al. 2019, arXiv:1907.07484, eq. 2",
    unit="%",
    needs=COLUMNS,
)
def relative_corruption_ap(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the part of the clean average precision that is left under corruption."""
    found = _corrupted(evidence)
    if found.figures.clean[0] == 0:
        raise NotApplicable(
            "no object is found in the untouched images, so that none could be lost"
        )
    interval = found.weightings.interval(_kept(found.figures), highest=np.inf)
    yield Estimate(*interval, found.n, replicates=partial(_replicates, evidence, _kept))


@dataclass(frozen=True)
class _Figures:
    """Average precision under each weighting of the images: untouched, by type and severity."""

    clean: np.ndarray
    by_type: Mapping[str, Mapping[int, np.ndarray]]

    @classmethod
    def of(cls, evidence: Evidence, weights: np.ndarray) -> "_Figures":
        """Return them for weights (r, n) of the matched images."""

        def measured(predictions: Predictions) -> np.ndarray:
            matches = match(Found.of(predictions))
            return over_classes(average_precisions(matches, weights).mean(axis=2))

        clean, by_type = matched(evidence)
        corrupted = {name: {s: measured(p) for s, p in of.items()} for name, of in by_type.items()}
        return cls(measured(clean), corrupted)


_Figure = Callable[[_Figures], np.ndarray]
"""From average precisions under r weightings to a value of each (r,)."""


def _over_severities(figures: _Figures, name: str) -> np.ndarray:
    return np.mean(list(figures.by_type[name].values()), axis=0)


def _over_types(figures: _Figures) -> np.ndarray:
    return np.mean([_over_severities(figures, name) for name in figures.by_type], axis=0)


def _kept(figures: _Figures) -> np.ndarray:
    left, untouched = _over_types(figures), figures.clean
    return np.divide(left, untouched, out=np.full_like(left, np.nan), where=untouched > 0)


@dataclass(frozen=True)
class _Corrupted:
    """Figures of the images themselves and of their resamples."""

    n: int
    weightings: Weightings
    figures: _Figures


@once
def _corrupted(evidence: Evidence) -> _Corrupted:
    clean, _ = matched(evidence)
    weightings = Weightings.of(len(clean), _detections(evidence), evidence.seed)
    figures = _Figures.of(evidence, weightings.weights)
    if np.isnan(figures.clean[0]):
        raise NotApplicable("there are no objects to be found in the images that were corrupted")
    return _Corrupted(len(clean), weightings, figures)


def _detections(evidence: Evidence) -> int:
    """Return how many detections there are in all tables."""
    clean, by_type = matched(evidence)
    tables = [clean, *(table for of in by_type.values() for table in of.values())]
    return sum(len(scores) for table in tables for scores in table["pred_scores"])


def _replicates(evidence: Evidence, figure: _Figure) -> np.ndarray:
    """Return a figure on the shared resamples; NaN on those that many detections leave out."""
    found = figure(_shared(evidence))
    return np.concatenate([found, np.full(RESAMPLES - len(found), np.nan)])


@once
def _shared(evidence: Evidence) -> _Figures:
    """Return the figures on the shared resamples of all clean images."""
    rows = rows_of_clean(evidence, matched(evidence)[0].ids)
    most = max(DETECTIONS_IN_ALL // max(_detections(evidence), 1), LEAST_SHARED)
    drawn = resampled_counts(len(evidence.clean), RESAMPLES, evidence.seed)
    weights = np.concatenate([counts[:, rows] for counts in drawn])[:most]
    return _Figures.of(evidence, weights)
