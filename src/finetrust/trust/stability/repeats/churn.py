"""Churn: how many answers change when the model is trained again.

Milani Fard et al., "Launch and Iterate: Reducing Prediction Churn", NeurIPS 2016, definition 1.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.stability.repeats.crossed import mean_of, share_interval, spread_of_mean
from finetrust.trust.stability.repeats.retrained import KINDS, retrained_of


@measure(
    "churn",
    axis="stability",
    topic="retrained",
    title="Answers that change when the model is trained again",
    better="lower",
    method="Share of items (n counts them) that the run and a repeat of it answer differently, averaged "
    "over its repeats, every kind of repeat counting the same: another seed, another order of the "
    "data, training data drawn anew, a tenth of them left out. Score interval that allows for the "
    "choice of the items and, with two or more repeats of a kind, for that of the repeats.",
    reference="Milani Fard et al. 2016, NeurIPS, definition 1",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="How many answers would be others, had the same model been trained once more.",
)
def churn(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the kinds of repeat, then each kind.

    The details hold each repeat's churn, and how many repeats of the kind there are.
    """
    found = retrained_of(evidence)
    changed = {kind: (of != found.run).astype(float) for kind, of in found.repeats.items()}
    yield _estimate(list(changed.values()), "", {"kinds": {k: KINDS[k] for k in changed}})
    for kind, of in changed.items():
        details = {"repeats": len(of), "churn": of.mean(axis=1).tolist()}
        yield _estimate([of], f"repeat={kind}", details)


def _estimate(groups: Sequence[np.ndarray], subset: str, details: dict) -> Estimate:
    value, n = mean_of(groups), groups[0].shape[1]
    low, high = share_interval(value, spread_of_mean(groups), n)
    return Estimate(value, low, high, n, subset, details)
