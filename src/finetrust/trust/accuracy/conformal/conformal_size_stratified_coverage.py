"""Coverage of prediction sets among sets of like size: whether larger sets stand for harder items."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.conformal.conformal_worst_class_coverage import lowest_share
from finetrust.trust.accuracy.conformal.sets import absent_parts, each_sets
from finetrust.trust.accuracy.conformal.words import FEWEST, SETS, WHOLE

STRATA = (1, 3, 10, 100)
"""The largest size of every stratum but the last."""


@measure(
    "conformal_size_stratified_coverage",
    axis="accuracy",
    title="True class in the prediction set: worst size of set",
    better="higher",
    method="Coverage of the prediction sets by their size (0 or 1, 2 or 3, 4 to 10, 11 to 100, more), "
    f"in the stratum where it is lowest; strata with fewer than {FEWEST} test items are left out. "
    f"{SETS} The interval holds for the lowest of all strata: Wilson intervals of the single strata, "
    "widened so that all hold at once (Bonferroni).",
    reference="Angelopoulos et al. 2021, arXiv:2009.14193 (size-stratified coverage violation)",
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning="Whether the promise also holds among items with small sets, and among items with large "
    f"ones; if it does not, the size of a set says little about how hard an item is. {WHOLE}",
    topic="conformal",
    secondary=True,
    per_group=False,
)
def conformal_size_stratified_coverage(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the lowest coverage of a stratum; the details hold all of them (``strata``)."""
    if len(evidence.clean) < FEWEST:
        raise NotApplicable(f"no size of set can have {FEWEST} test items")
    lacking = []
    for sets, subset in each_sets(evidence):
        stratum = np.searchsorted(STRATA, sets.size[sets.answered])
        n = np.bincount(stratum, minlength=len(STRATA) + 1)
        hits = np.bincount(stratum[sets.covered[sets.answered]], minlength=len(STRATA) + 1)
        judged = np.flatnonzero(n >= FEWEST)
        if not len(judged):
            lacking.append(Absence(f"no size of set has {FEWEST} test items", subset))
            continue
        at, value, low, high = lowest_share(hits[judged], n[judged])
        worst = int(judged[at])
        strata = [
            {"sizes": _sizes(int(s)), "n": int(n[s]), "coverage": float(hits[s] / n[s])}
            for s in judged
        ]
        details = {"asked": sets.asked, "sizes": _sizes(worst), "strata": strata}
        yield Estimate(value, low, high, int(n[worst]), subset, details)
    yield from lacking
    yield from absent_parts(evidence)


def _sizes(stratum: int) -> str:
    least = (0, *(largest + 1 for largest in STRATA))[stratum]
    if stratum == len(STRATA):
        return f"{least} and more"
    return f"{least}-{STRATA[stratum]}"
