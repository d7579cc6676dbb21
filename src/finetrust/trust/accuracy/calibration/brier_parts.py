"""The two parts of the Brier score: how far probabilities are off, and how little they tell.

Murphy, "A New Vector Partition of the Probability Score", Journal of Applied Meteorology 12, 1973;
Bröcker, "Reliability, sufficiency, and the decomposition of proper scores", QJRMS 135, 2009; without
the bias of few items as Ferro & Fricker, "A bias-corrected decomposition of the Brier score", QJRMS
138, 2012.

Gaps, not frequencies, are averaged in the bins, so that probabilities which differ within a bin do no
harm: of a calibrated model the calibration part is 0 on average. A bin of one item says nothing of it.
Share of 200 simulated data sets (10 classes) whose interval covers the true part, where logits are
multiplied by 1, 1.15, 1.5 and 3: of calibration 0.95 and more; of refinement 0.95, 0.93, 0.92 and 0.87
with 200 items (too many bins of one item), 0.96 to 0.97 with 2,000.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.allowed_gaps import allowed_gaps
from finetrust.trust.accuracy.calibration.classwise import classwise_of
from finetrust.trust.accuracy.calibration.ece_debiased import squared_error
from finetrust.trust.accuracy.calibration.reliability import LEVEL, p_value
from finetrust.trust.accuracy.intervals import basic_interval, resampled_means
from finetrust.trust.accuracy.sample_size import at_least_two

METHOD = (
    "Each class by itself, summed over the classes, after calibration where one was fitted: items are "
    "sorted into 15 bins of equal width by the probability of the class, and the squared distance "
    "between mean probability and frequency in a bin, less what chance adds to it, is averaged over "
    "the items: the calibration part, 0 at least. The refinement part is the Brier score less that. "
)
REFERENCE = "Murphy 1973, JAM 12, 595-600; Ferro & Fricker 2012, QJRMS 138, 1954-1960, section 3"


@measure(
    "brier_calibration",
    axis="accuracy",
    title="Calibration part of the Brier score",
    better="lower",
    method=f"{METHOD}Basic bootstrap interval; its lower end is 0 unless the part exceeds what chance "
    "alone explains at 2.5 %, its upper end at least what chance allows for the mean gap of a "
    "class and of sure answers.",
    reference=REFERENCE,
    needs=("target", "logits"),
    meaning="The part of the Brier score that a better calibration would take away.",
    topic="calibration",
    secondary=True,
)
def brier_calibration(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the calibration part; the details hold the Brier score and the ``p_value``."""
    parts = _parts(evidence)
    low, high = basic_interval(parts.plain, parts.resampled)
    low = min(max(low, 0.0), parts.calibration) if parts.p_value <= LEVEL else 0.0
    details = {"brier": parts.brier, "p_value": parts.p_value}
    yield Estimate(
        parts.calibration,
        low,
        max(high, parts.calibration, allowed_gaps(evidence, classwise_of(evidence)).squared),
        parts.n,
        "",
        details,
        _replicates(evidence, lambda p: np.maximum(p.resampled - p.plain + p.raw, 0)),
    )


@measure(
    "brier_refinement",
    axis="accuracy",
    title="Refinement part of the Brier score",
    better="lower",
    method=f"{METHOD}Basic bootstrap interval.",
    reference=REFERENCE,
    needs=("target", "logits"),
    meaning="The part of the Brier score that no calibration can take away: how little the "
    "probabilities tell right answers from wrong ones.",
    topic="calibration",
    secondary=True,
)
def brier_refinement(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the refinement part; the details hold the Brier score."""
    parts = _parts(evidence)
    low, high = basic_interval(parts.brier - parts.plain, parts.scores - parts.resampled)
    value = parts.brier - parts.calibration
    yield Estimate(
        value,
        min(max(low, 0.0), value),
        max(high, value),
        parts.n,
        "",
        {"brier": parts.brier},
        _replicates(evidence, lambda p: p.scores - np.maximum(p.resampled - p.plain + p.raw, 0)),
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """The calibration part as measured, biased (`plain`) and not (`raw`), and on the resamples."""

    n: int
    brier: float
    plain: float
    raw: float
    p_value: float
    resampled: np.ndarray
    scores: np.ndarray

    @property
    def calibration(self) -> float:
        return min(max(0.0, self.raw), self.brier)


@once
def _parts(evidence: Evidence) -> _Parts:
    found, scores = classwise_of(evidence), answers_of(evidence).brier
    at_least_two(scores)
    plain, bias = squared_error(found.sums, found.squares, found.count)
    alone = np.where(found.count == 1, found.sums**2, 0.0).sum() / found.n
    whole = float(plain.sum() / found.n + alone)
    raw = float((plain - bias).sum() / found.n)
    means = resampled_means(scores[:, None], seed=evidence.seed)[:, 0]
    p = p_value(whole, found.squared_noise)
    return _Parts(found.n, float(scores.mean()), whole, raw, p, found.squared, means)


def _replicates(
    evidence: Evidence, of_parts: Callable[[_Parts], np.ndarray]
) -> Callable[[], np.ndarray]:
    return lambda: of_parts(_parts(evidence))
