"""Detectable difference: the smallest difference in accuracy that this test set can show."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
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
GRID = 33


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
def detectable_difference(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the difference between models that answer the same items, and other items.

    The details list how many items would show differences of 0.5, 1, 2 and 5 points.

    Of 20,000 simulated pairs of models that differ by just the paired value (100 to 10,000 items, 0 to
    45 % discordant), McNemar's test as the formula takes it finds 80 % to 95 %, and its exact version,
    with which models are compared, 76 % to 80 %. Of unpaired ones 80 % to 84 % are found.
    """
    right = is_right(evidence.clean, evidence.calibration)
    n, error = len(right), float(1 - right.mean())
    together = _errors_together(evidence, right)
    high, low = (1 - float(bound) for bound in wilson(right.sum(), n))

    def discordant(error: float) -> float:
        return 2 * error * (1 - error) * (1 - together)

    yield _estimate(
        lambda e: paired_difference_shown(n, discordant(e), max(e, 1 - e)),
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
    shown: Callable[[float], float | None],
    needed: Callable[[float], float],
    errors: tuple[float, float, float],
    n: int,
    subset: str,
    details: dict[str, float],
) -> Estimate | Absence:
    low, error, high = errors
    value = shown(error)
    if value is None:
        return Absence(f"the items are too few ({n}) to show any difference", subset)
    # It is largest somewhere near an error rate of a half, so that the ends alone are not enough.
    within = [shown(e) for e in np.linspace(low, high, GRID)]
    found = [value, *(1.0 if difference is None else difference for difference in within)]
    sizes = [
        {"difference": points / 100, "items": math.ceil(needed(points / 100))} for points in POINTS
    ]
    return Estimate(value, min(found), max(found), n, subset, {**details, "items_needed": sizes})


def _errors_together(evidence: Evidence, right: np.ndarray) -> float:
    """Return the correlation of the errors with those of the plain model; 0 without one."""
    if evidence.baseline is None:
        return 0.0
    theirs = is_right(beside(evidence))
    if right.all() or theirs.all() or not right.any() or not theirs.any():
        return 0.0
    return float(np.clip(np.corrcoef(right, theirs)[0, 1], 0, 1))
