"""Classwise calibration error: whether the probability of every class is how often it is true."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.allowed_gaps import allowed_gaps
from finetrust.trust.accuracy.calibration.classwise import classwise_of
from finetrust.trust.accuracy.calibration.reliability import LEVEL, p_value
from finetrust.trust.accuracy.intervals import basic_interval
from finetrust.trust.accuracy.sample_size import at_least_two


@measure(
    "ece_classwise",
    axis="accuracy",
    title="Classwise calibration error",
    better="lower",
    method="For each class, items are sorted into 15 bins of equal width by the probability of that "
    "class, after calibration where one was fitted; the distance between mean probability and the "
    "frequency of the class in each bin, averaged over the items, then over the classes. The lower "
    "end of the interval is the error less what chance alone explains of it at 2.5 %, the upper end "
    "that of the basic bootstrap, and at least what chance allows for the mean gap of a class and of "
    "sure answers.",
    reference="Kull et al. 2019, arXiv:1910.12656, section 2",
    unit="%",
    needs=("target", "logits"),
    meaning="How far the probability of a class is from how often that class is true, averaged over "
    "all classes, not the predicted one alone.",
    topic="calibration",
    secondary=True,
)
def ece_classwise(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the classwise ECE; the details hold its ``p_value``.

    Many bins of few items bias it upwards by more than a resample shows. As a sum of distances is at
    most the true one plus the noise's, the true error is at least the estimate less the noise: the
    lower bound, which is low where the error is large.

    Share of 200 simulated data sets (10 classes) whose interval covers the true error: with 200 items
    0.975, 1.0, 1.0 and 1.0 where logits are multiplied by 1, 1.15, 1.5 and 3, with 2,000 items 0.98,
    1.0, 1.0 and 0.985.
    """
    found = classwise_of(evidence)
    at_least_two(np.empty(found.n))
    value = found.error
    p = p_value(value, found.noise)
    low = max(0.0, value - float(np.quantile(found.noise, 1 - LEVEL)))
    high = max(basic_interval(value, found.errors)[1], value, allowed_gaps(evidence, found).error)
    high = min(high, 1.0)
    yield Estimate(value, low, high, found.n, "", {"p_value": p}, partial(_errors, evidence))


def _errors(evidence: Evidence) -> np.ndarray:
    return classwise_of(evidence).errors
