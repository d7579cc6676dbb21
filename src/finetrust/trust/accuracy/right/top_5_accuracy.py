"""Top-5 accuracy: the share of items whose target is among the five most probable classes."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.intervals import resampled_means, wilson

K = 5


@measure(
    "top_5_accuracy",
    axis="accuracy",
    title="Top-5 accuracy",
    better="higher",
    method="Share of items whose true class is among the five classes with the highest scores (of "
    "equal scores the class that is listed first comes first); an item without finite scores counts "
    "as wrong. Wilson score interval.",
    reference="Russakovsky et al. 2015, arXiv:1409.0575, section 4.1",
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning="How often the right answer is among the model's five best guesses.",
    topic="right",
    secondary=True,
)
def top_5_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the top-5 accuracy where there are more than five classes."""
    n_classes = evidence.clean["logits"].shape[1]
    if n_classes <= K:
        raise NotApplicable(f"among {K} guesses are all of the {n_classes} classes")
    answers = answers_of(evidence)
    right = np.zeros(len(evidence.clean), dtype=bool)
    right[answers.rows] = answers.target_rank < K
    low, high = wilson(right.sum(), len(right))
    yield Estimate(
        float(right.mean()),
        float(low),
        float(high),
        len(right),
        replicates=lambda: resampled_means(right[:, None], seed=evidence.seed)[:, 0],
    )
