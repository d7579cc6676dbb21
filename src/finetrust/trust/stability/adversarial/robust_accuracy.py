"""Robust accuracy: right answers that no attack within a given size could break."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.adversarial.found import Found, found_in, share_of
from finetrust.trust.stability.adversarial.grids import NORM_TITLES, label_of

MAIN = "linf"


@measure(
    "robust_accuracy",
    axis="stability",
    topic="attack",
    title="Accuracy under attack",
    better="higher",
    method="Share of items that the network answers right and for which no attack found a wrong answer "
    "within the given size: 4/255 of every colour value, and below, other sizes and the Euclidean norm. "
    "Attacks in the order of AutoAttack (FGSM, Auto-PGD, Square), as strong as the effort; answers are "
    "the network's own, before calibration. An upper bound: a stronger attack may find more. Wilson "
    "interval. Of a random sample of the items where n is less than all.",
    meaning="The same share of right answers, if somebody who knows the network changes every image as "
    "cleverly as possible, but hardly visibly.",
    reference="Croce & Hein 2020, arXiv:2003.01690",
    unit="%",
    needs=("logits",),
    share=True,
)
def robust_accuracy(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share at the reference size, then in each norm at each size.

    The details hold the curves: by norm its title, the sizes from 0 on, what they are called, the
    accuracy at each with its interval, and how many answers each attack broke.
    """
    main = found_in(evidence, MAIN)
    norms, absent = [main], []
    for norm in (name for name in NORM_TITLES if name != MAIN):
        try:
            norms.append(found_in(evidence, norm))
        except NotApplicable as reason:
            absent.append(Absence(str(reason), norm))
    curves = {found.norm: _curve(found) for found in norms}
    yield share_of(
        evidence, main.table.ids, main.withstands(main.reference), "", {"curves": curves}
    )
    for found in norms:
        for size in found.sizes:
            subset = f"{found.norm}={label_of(found.norm, size)}"
            yield share_of(evidence, found.table.ids, found.withstands(size), subset)
    yield from absent


def _curve(found: Found) -> dict[str, Any]:
    sizes = (0.0, *found.sizes)
    kept = np.array([found.withstands(size).sum() for size in sizes])
    low, high = wilson(kept, len(found.table))
    by, counts = np.unique(found.table["broken_by"], return_counts=True)
    return {
        "title": NORM_TITLES[found.norm],
        "eps": list(sizes),
        "labels": [label_of(found.norm, size) for size in sizes],
        "accuracy": (kept / len(found.table)).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "reference": found.reference,
        "broken_by": {str(name): int(n) for name, n in zip(by, counts, strict=True) if name},
    }
