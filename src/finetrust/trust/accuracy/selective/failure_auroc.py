"""Whether confidence tells right answers from wrong ones, for several ways to be confident."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import Answers, answers_of
from finetrust.trust.accuracy.selective.delong import auroc_interval, resampled_auroc

SCORES: dict[str, Callable[[Answers], np.ndarray]] = {
    "msp": lambda answers: answers.confidence,
    "entropy": lambda answers: -answers.entropy,
    "margin": lambda answers: answers.margin,
    "energy": lambda answers: -answers.energy,
}
"""Confidence, higher for surer: maximum softmax probability, entropy, margin and energy."""


@measure(
    "failure_auroc",
    axis="accuracy",
    title="Right answers told from wrong ones",
    better="higher",
    method="AUROC of confidence for telling right answers from wrong ones: the share of pairs of a right "
    "and a wrong answer in which the right one is the surer; ties count half. Surer by the probability "
    "of the predicted class (msp), by less entropy, by the margin to the second class, or by less "
    "energy. DeLong's interval on the scale of log-odds; items without finite scores are left out.",
    reference="Hendrycks & Gimpel 2017, arXiv:1610.02136, section 2; DeLong et al. 1988, Biometrics 44",
    unit="%",
    needs=("target", "logits"),
    meaning="How often a right answer has more confidence than a wrong one; 50 % would be chance.",
    topic="selective",
)
def failure_auroc(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the AUROC of the probability of the predicted class, then of every one of `SCORES`."""
    answers = answers_of(evidence)
    right = answers.right
    if right.all() or not right.any():
        all_are = "right" if right.all() else "wrong"
        raise NotApplicable(f"every answer is {all_are}: there are no two kinds to tell apart")
    for name, score_of in SCORES.items():
        whole = Estimate(
            *auroc_interval(score_of(answers), right),
            len(right),
            replicates=partial(_resampled, evidence, name),
        )
        if name == "msp":
            yield whole
        yield replace(whole, subset=f"score={name}", secondary=True)


def _resampled(evidence: Evidence, name: str) -> np.ndarray:
    answers = answers_of(evidence)
    score, n = SCORES[name](answers), len(evidence.clean)
    return resampled_auroc(score, answers.right, answers.rows, n, evidence.seed)
