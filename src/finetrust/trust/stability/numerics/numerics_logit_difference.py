"""How far logits move with the way in which the network is computed."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.stability.numerics.differences import VARIANTS, differences


@measure(
    "numerics_logit_difference",
    axis="stability",
    topic="numerics",
    title="Largest logit difference between precisions or engines",
    better="lower",
    meaning="How far any score of an item moves when the very same network is computed in another "
    "precision, order or program.",
    method="The largest absolute difference of any logit of an item under any variant, on average over "
    "the items (an average has an interval, the largest of all has none); below, under each variant. "
    "The details hold the largest of all items, and the share of further items that may lie above it: "
    f"1 - 0.05^(1/n) at most, with 95 % confidence. {VARIANTS} Items without finite outputs are left "
    "out. BCa bootstrap over items. Of a random sample of the items where n is less than all.",
    reference="Goldberg 1991, ACM Computing Surveys 23(1)",
    needs=("logits",),
    secondary=True,
)
def numerics_logit_difference(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over the items for all variants together, then for each."""
    found = differences(evidence)
    every = np.array(list(found.largest.values()))
    answered = np.isfinite(every).all(axis=0)
    if not answered.any():
        raise NotApplicable("no item has finite outputs in every way of computing")
    ids = found.ids[answered]
    yield _mean(evidence, ids, every[:, answered].max(axis=0), "")
    for name, largest in found.largest.items():
        yield _mean(evidence, ids, largest[answered], f"variant={name}")
    yield from found.absent


def _mean(evidence: Evidence, ids: np.ndarray, largest: np.ndarray, subset: str) -> Estimate:
    n, worst = len(largest), int(largest.argmax())
    details = {
        "largest": float(largest[worst]),
        "largest_of": str(ids[worst]),
        "most_above": 1 - 0.05 ** (1 / n),
    }
    low, high = bootstrap_mean(largest, evidence.seed)
    replicates = partial(_replicates, evidence, ids, largest)
    return Estimate(float(largest.mean()), low, high, n, subset, details, replicates)


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
