"""F1 of the labels of the plain model beside the network, and how far the network is ahead of it."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.labels.label_answers import NEEDS
from finetrust.trust.accuracy.labels.label_f1 import hits_and_uses
from finetrust.trust.accuracy.ratios import f1_gain, ratio
from finetrust.trust.accuracy.right.baseline import beside


@measure(
    "baseline_label_micro_f1",
    axis="accuracy",
    title="Micro F1 of labels of the plain model",
    better="higher",
    meaning="The plain model counts words (TF-IDF with logistic regression).",
    method="Micro F1 of the labels that a plain model gives, which was fitted to the same training data; "
    "it gives those with a probability of at least 0.5. BCa bootstrap over items; where resampling shows "
    "no uncertainty, the Wilson interval.",
    reference="Lipton et al. 2014, arXiv:1402.1892, section 2",
    unit="%",
    needs=NEEDS,
    topic="right",
    per_group=False,
)
def baseline_label_micro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield F1 of the baseline over all labels."""
    hits, uses = _of_baseline(evidence)
    yield Estimate(*ratio(hits, uses, evidence.seed, 2.0), len(hits))


@measure(
    "gain_over_baseline_label_micro_f1",
    axis="accuracy",
    title="Micro F1 of labels gained over the plain model",
    better="higher",
    method="Micro F1 of the model's labels minus that of a plain model's. BCa bootstrap over items, both "
    "models on the same items; where resampling shows no uncertainty, the Wilson interval of the model's "
    "F1 less the baseline's F1.",
    reference="Efron & Tibshirani 1993, An Introduction to the Bootstrap, eq. 14.9-14.15",
    unit="%",
    meaning="How much better the network is than a plain model that counts words.",
    needs=NEEDS,
    topic="right",
    per_group=False,
)
def gain_over_baseline_label_micro_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the difference of the two F1."""
    plain = _of_baseline(evidence)
    hits, uses = hits_and_uses(evidence.clean, evidence.calibration)
    own = hits.sum(axis=1), uses.sum(axis=1)
    yield Estimate(*f1_gain(own, plain, evidence.seed), len(hits))


def _of_baseline(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    hits, uses = hits_and_uses(beside(evidence), {})
    return hits.sum(axis=1), uses.sum(axis=1)
