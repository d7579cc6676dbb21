"""Confidence on errors: how sure the model is when it is wrong."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.calibration.resampled_sums import resampled_means_of
from finetrust.trust.accuracy.intervals import bootstrap_share

SURE = 0.9


@measure(
    "confidence_on_errors",
    axis="accuracy",
    title="Confidence when wrong",
    better="lower",
    method="Mean probability of the predicted class over the items that are answered wrongly (n "
    "counts them), after calibration where one was fitted; items without finite scores are left out. "
    "BCa bootstrap interval over these items.",
    reference="Hendrycks & Gimpel 2017, arXiv:1610.02136, table 1",
    unit="%",
    needs=("target", "logits"),
    meaning="How sure the model is, on average, of the answers it gets wrong.",
    topic="calibration",
)
def confidence_on_errors(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean confidence of wrong answers.

    The details hold ``sure_errors``, how many of them have a confidence of 0.9 and more.
    """
    answers = answers_of(evidence)
    wrong = np.flatnonzero(~answers.right)
    if not len(wrong):
        raise NotApplicable("no answer is wrong")
    confidence = answers.confidence[wrong]
    low, high = bootstrap_share(confidence, evidence.seed)
    n = len(evidence.clean)
    replicates = partial(resampled_means_of, confidence, answers.rows[wrong], n, evidence.seed)
    details = {"sure_errors": int((confidence >= SURE).sum()), "sure": SURE}
    value = float(confidence.mean())
    yield Estimate(value, min(low, value), max(high, value), len(wrong), "", details, replicates)
