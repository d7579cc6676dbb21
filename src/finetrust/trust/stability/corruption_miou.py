"""Mean intersection over union under common corruptions.

Hendrycks & Dietterich 2019, section 4; Kamann & Rother, "Benchmarking the Robustness of Semantic
Segmentation Models", CVPR 2020, section 3.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.segmentation.counts import COLUMNS, ClassPixels
from finetrust.trust.accuracy.segmentation.resampling import (
    Statistic,
    mean_of_ratios,
    of_images,
)
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.trials.matched import matched

REFERENCE = "Hendrycks & Dietterich 2019, arXiv:1903.12261; Kamann & Rother 2020, arXiv:1908.05005"


@measure(
    "corruption_miou",
    axis="stability",
    topic="damage",
    title="Mean intersection over union under common corruptions",
    better="higher",
    method="Mean intersection over union on corrupted copies of the images, or of a random sample of "
    "them (n says how many), every type counting the same and within a type every severity. BCa "
    "bootstrap over images, each taken with all its copies.",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
    meaning="The same agreement of model and mask, on images with noise, blur, and changed light.",
)
def corruption_miou(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold the value by severity."""
    clean, by_type = matched(evidence)
    k = evidence.clean["unanswered"].shape[1]
    table = {name: _by_severity(of) for name, of in by_type.items()}
    types = [_of_type(of) for of in by_type.values()]

    def estimate(
        statistic: Statistic, columns: np.ndarray, subset: str, details: Mapping
    ) -> Estimate:
        found = of_images(statistic, columns, evidence.seed)
        replicates = partial(_replicates, evidence, clean.ids, statistic, columns)
        return Estimate(*found, len(columns), subset, details, replicates)

    yield estimate(partial(_over_types, types=types, k=k), _joined(types), "", table)
    for name, columns in zip(by_type, types, strict=True):
        of_type = f"corruption={name}"
        yield estimate(partial(_over_severities, k=k), columns, of_type, table[name])


@measure(
    "relative_corruption_miou",
    axis="stability",
    topic="damage",
    title="Mean intersection over union kept under common corruptions",
    better="higher",
    method="Mean intersection over union under corruption divided by that on the same images untouched. "
    "BCa bootstrap over images, clean and corrupted together.",
    reference=REFERENCE,
    unit="%",
    needs=COLUMNS,
)
def relative_corruption_miou(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the part of the clean value that is left under corruption."""
    clean, by_type = matched(evidence)
    k = evidence.clean["unanswered"].shape[1]
    types = [_of_type(of) for of in by_type.values()]
    columns = _joined([_columns(clean), *types])

    def kept(means: np.ndarray) -> np.ndarray:
        untouched = mean_of_ratios(means[:, : 2 * k])
        left = _over_types(means[:, 2 * k :], types, k)
        return np.divide(left, untouched, out=np.full_like(left, np.nan), where=untouched > 0)

    if not ClassPixels.of(clean).right.any():
        raise NotApplicable("no untouched pixel is right, so that nothing could be lost")
    found = of_images(kept, columns, evidence.seed, highest=np.inf)
    replicates = partial(_replicates, evidence, clean.ids, kept, columns)
    yield Estimate(*found, len(columns), replicates=replicates)


def _replicates(
    evidence: Evidence, ids: np.ndarray, statistic: Statistic, columns: np.ndarray
) -> np.ndarray:
    return statistic(shared_means(evidence, ids, columns))


def _columns(predictions: Predictions) -> np.ndarray:
    pixels = ClassPixels.of(predictions)
    return _joined([pixels.right, pixels.union]).astype(np.float64)


def _of_type(by_severity: Mapping[int, Predictions]) -> np.ndarray:
    return _joined([_columns(predictions) for predictions in by_severity.values()])


def _by_severity(by_severity: Mapping[int, Predictions]) -> dict[str, float]:
    return {
        str(severity): float(mean_of_ratios(_columns(found).mean(axis=0, keepdims=True))[0])
        for severity, found in sorted(by_severity.items())
    }


def _joined(columns: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(columns, axis=1)


def _over_types(means: np.ndarray, types: Sequence[np.ndarray], k: int) -> np.ndarray:
    ends = np.cumsum([columns.shape[1] for columns in types])
    parts = np.split(means, ends[:-1], axis=1)
    return np.mean([_over_severities(part, k) for part in parts], axis=0)


def _over_severities(means: np.ndarray, k: int) -> np.ndarray:
    blocks = np.split(means, means.shape[1] // (2 * k), axis=1)
    return np.mean([mean_of_ratios(block) for block in blocks], axis=0)
