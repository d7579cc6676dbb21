"""Coverage of prediction sets in the class that they serve worst."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.conformal.sets import absent_parts, each_sets
from finetrust.trust.accuracy.conformal.words import FEWEST, SETS, WHOLE
from finetrust.trust.accuracy.groups.simultaneous import GroupFigures, lowest_of
from finetrust.trust.accuracy.intervals import wilson


@measure(
    "conformal_worst_class_coverage",
    axis="accuracy",
    title="True class in the prediction set: worst class",
    better="higher",
    method="Coverage of the prediction sets among the items of the class in which it is lowest; classes "
    f"with fewer than {FEWEST} test items are left out. {SETS} The interval holds for the lowest of "
    "all classes: Wilson intervals of the single classes, widened so that all hold at once "
    "(Bonferroni).",
    reference="Sadinle, Lei & Wasserman 2019, JASA 114(525), section 2; Dunn 1961, JASA 56(293)",
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning="The promise is about all items together; one class may be served worse, and this says how "
    f"much. {WHOLE}",
    topic="conformal",
    secondary=True,
    per_group=False,
)
def conformal_worst_class_coverage(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the lowest coverage of a class; the details hold which (``class``), and who is left out."""
    names, targets = class_names(evidence), evidence.clean["target"]
    n = np.bincount(targets, minlength=len(names))
    judged = np.flatnonzero(n >= FEWEST)
    if not len(judged):
        raise NotApplicable(f"no class has {FEWEST} test items")
    for sets, subset in each_sets(evidence):
        hits = np.bincount(targets[sets.covered], minlength=len(names))
        at, value, low, high = lowest_share(hits[judged], n[judged])
        worst = int(judged[at])
        yield Estimate(
            value,
            low,
            high,
            int(n[worst]),
            subset,
            {
                "asked": sets.asked,
                "class": names[worst],
                "classes": len(judged),
                "left_out": int(((n > 0) & (n < FEWEST)).sum()),
            },
        )
    yield from absent_parts(evidence)


def lowest_share(hits: np.ndarray, n: np.ndarray) -> tuple[int, float, float, float]:
    """Return where the lowest of several shares is, the share, and its interval for the lowest of all.

    Parameters
    ----------
    hits, n : int array (k,)
    """
    share = hits / n
    low, high = wilson(hits, n)
    at, least, most = lowest_of(GroupFigures(share, low, high, n, share=True))
    value = float(share[at])
    return at, value, min(least, value), max(most, value)
