"""Average precision under common corruptions.

Michaelis et al., "Benchmarking Robustness in Object Detection: Autonomous Driving when Winter is
Coming", 2019.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.detection.average_precision import average_precisions, over_classes
from finetrust.trust.accuracy.detection.found import COLUMNS, Found
from finetrust.trust.accuracy.detection.matching import match
from finetrust.trust.accuracy.detection.resampling import Weightings
from finetrust.trust.stability.matched import matched

INTERVAL = (
    "BCa bootstrap over images, each taken with all its copies: 1000 resamples, down to 200 of many "
    "detections."
)


@measure(
    "corruption_ap",
    axis="stability",
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
    table = {
        name: {str(severity): float(values[0]) for severity, values in sorted(of.items())}
        for name, of in found.by_type.items()
    }
    yield Estimate(*found.weightings.interval(found.over_types), found.n, "", table)
    for name, of in found.by_type.items():
        interval = found.weightings.interval(np.mean(list(of.values()), axis=0))
        yield Estimate(*interval, found.n, f"corruption={name}", table[name])


@measure(
    "relative_corruption_ap",
    axis="stability",
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
    if found.clean[0] == 0:
        raise NotApplicable(
            "no object is found in the untouched images, so that none could be lost"
        )
    kept = np.full_like(found.clean, np.nan)
    np.divide(found.over_types, found.clean, out=kept, where=found.clean > 0)
    yield Estimate(*found.weightings.interval(kept, highest=np.inf), found.n)


@dataclass(frozen=True)
class _Corrupted:
    """Average precision under each weighting of the images: untouched, by type and severity."""

    n: int
    weightings: Weightings
    clean: np.ndarray
    by_type: Mapping[str, Mapping[int, np.ndarray]]

    @property
    def over_types(self) -> np.ndarray:
        """The mean over types of the mean over severities."""
        return np.mean([np.mean(list(of.values()), axis=0) for of in self.by_type.values()], axis=0)


@once
def _corrupted(evidence: Evidence) -> _Corrupted:
    clean, by_type = matched(evidence)
    tables = [clean, *(table for of in by_type.values() for table in of.values())]
    detections = sum(len(scores) for table in tables for scores in table["pred_scores"])
    weightings = Weightings.of(len(clean), detections, evidence.seed)

    def measured(predictions: Predictions) -> np.ndarray:
        matches = match(Found.of(predictions))
        return over_classes(average_precisions(matches, weightings.weights).mean(axis=2))

    untouched = measured(clean)
    if np.isnan(untouched[0]):
        raise NotApplicable("there are no objects to be found in the images that were corrupted")
    return _Corrupted(
        len(clean),
        weightings,
        untouched,
        {name: {s: measured(p) for s, p in of.items()} for name, of in by_type.items()},
    )
