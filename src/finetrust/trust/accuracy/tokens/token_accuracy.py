"""Accuracy of the tags of single words."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.ratios import ratio
from finetrust.trust.accuracy.tokens.evidence_of_tags import NEEDS, words_of


@measure(
    "token_accuracy",
    axis="accuracy",
    title="Accuracy of tags",
    better="higher",
    method="Share of the words whose tag is right; where most words belong to no entity, a model "
    "that finds nothing has a high one too. BCa bootstrap over texts; where resampling shows no "
    "uncertainty, the Wilson interval.",
    reference="Tjong Kim Sang & Buchholz 2000, CoNLL-2000, section 4",
    unit="%",
    needs=NEEDS,
    topic="right",
)
def token_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of words with the right tag."""
    text, true, predicted = words_of(evidence.clean)
    if not len(true):
        raise NotApplicable("the texts have no words")
    n = len(evidence.clean)
    words = np.bincount(text, minlength=n).astype(float)
    right = np.bincount(text, weights=true == predicted, minlength=n)
    value, low, high = ratio(right, words, evidence.seed)
    yield Estimate(value, low, high, n, details={"words": len(true)})
