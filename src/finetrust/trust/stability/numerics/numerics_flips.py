"""Answers that depend on how the network is computed."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.stability.numerics.differences import VARIANTS, differences

IDS_SHOWN = 100


@measure(
    "numerics_flips",
    axis="stability",
    topic="numerics",
    title="Answers that flip with precision or engine",
    better="lower",
    meaning="Items about which the very same network says something else when it is computed in another "
    "precision, order or program.",
    method="Share of items with another answer under at least one variant; below, under each. "
    f"{VARIANTS} An item without a finite output in either counts. Wilson interval. Of a random sample "
    "of the items where n is less than all.",
    reference="Goldberg 1991, ACM Computing Surveys 23(1)",
    unit="%",
    needs=("logits",),
    share=True,
)
def numerics_flips(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share under any variant, then under each; the details name the items."""
    found = differences(evidence)
    yield _share(evidence, np.any(list(found.flipped.values()), axis=0), "")
    for name, flipped in found.flipped.items():
        yield _share(evidence, flipped, f"variant={name}")
    yield from found.absent


def _share(evidence: Evidence, flipped: np.ndarray, subset: str) -> Estimate:
    ids = differences(evidence).ids
    low, high = wilson(flipped.sum(), len(flipped))
    named = {"ids": [str(i) for i in ids[flipped][:IDS_SHOWN]]}
    replicates = partial(_replicates, evidence, ids, flipped.astype(float))
    value = float(flipped.mean())
    return Estimate(value, float(low), float(high), len(flipped), subset, named, replicates)


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
