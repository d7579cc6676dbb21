"""Detectable difference: the smallest difference in accuracy that this test set can show."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import is_right
from finetrust.trust.accuracy.right.baseline import beside
from finetrust.trust.data.power import (
    paired_difference_shown,
    paired_items_needed,
    unpaired_difference_shown,
    unpaired_items_needed,
)

POINTS = (0.5, 1, 2, 5)


@measure(
    "detectable_difference",
    axis="data",
    title="Smallest difference this test set shows",
    better="lower",
    method="Smallest difference in accuracy to another model that a test at 5 % finds in 4 of 5 cases: "
    "McNemar's test where both models answer these items, and two test sets of this size where "
    "they do not. How often two models err together is taken from the plain model where there is "
    "one, and is chance otherwise, which is cautious. The interval is that of the accuracy, carried over.",
    reference="Connor 1987, Biometrics 43(1), eq. 3.2; Fleiss et al. 2003, eq. 4.14",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="Two models that differ by less than this cannot be told apart by these data.",
    topic="test",
)
def detectable_difference(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the difference between models that answer the same items, and other items.

    The details list how many items would show differences of 0.5, 1, 2 and 5 points.
    """
    right = is_right(evidence.clean, evidence.calibration)
    n, error = len(right), float(1 - right.mean())
    together = _errors_together(evidence, right)
    low, high = (1 - float(bound) for bound in wilson(right.sum(), n))

    def discordant(error: float) -> float:
        return 2 * error * (1 - error) * (1 - together)

    yield _estimate(
        lambda e: paired_difference_shown(n, discordant(e)),
        lambda difference: paired_items_needed(difference, discordant(error)),
        (low, error, high),
        n,
        "",
        {"discordant": discordant(error), "errors_together": together},
    )
    yield _estimate(
        lambda e: unpaired_difference_shown(n, e),
        lambda difference: unpaired_items_needed(difference, error),
        (low, error, high),
        n,
        "unpaired",
        {},
    )


def _estimate(
    shown: Callable[[float], float],
    needed: Callable[[float], float],
    errors: tuple[float, float, float],
    n: int,
    subset: str,
    details: dict[str, float],
) -> Estimate:
    value = shown(errors[1])
    if value >= 1:
        raise NotApplicable(f"{n} items are too few to show any difference")
    # Largest at an error rate of a half, where chance is.
    ends = [shown(e) for e in (*errors, *((0.5,) if errors[2] <= 0.5 <= errors[0] else ()))]
    sizes = [
        {"difference": points / 100, "items": math.ceil(needed(points / 100))} for points in POINTS
    ]
    return Estimate(value, min(ends), max(ends), n, subset, {**details, "items_needed": sizes})


def _errors_together(evidence: Evidence, right: np.ndarray) -> float:
    """Return the correlation of the errors with those of the plain model; 0 without one."""
    if evidence.baseline is None:
        return 0.0
    theirs = is_right(beside(evidence))
    if right.all() or theirs.all() or not right.any() or not theirs.any():
        return 0.0
    return float(np.clip(np.corrcoef(right, theirs)[0, 1], 0, 1))
