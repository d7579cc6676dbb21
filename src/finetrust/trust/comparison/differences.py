"""The difference of each measure of two models, by the best method that its figures allow."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from finetrust.core.comparison import Difference
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, Measure
from finetrust.core.predictions import Predictions
from finetrust.trust.comparison.bootstrap import bootstrap_difference
from finetrust.trust.comparison.estimates import Estimates
from finetrust.trust.comparison.hits import hits_of
from finetrust.trust.comparison.shares import share_difference
from finetrust.trust.comparison.tested import Tested
from finetrust.trust.comparison.unpaired import mover_difference

_AGREES = 1e-6
SAME = "Both gave the same outputs for every item, number by number."

Test = Callable[[Measure, Measure], Tested]


def unpaired_difference(reference: Measure, other: Measure) -> Tested:
    """Return the difference of two measures of different items, from their intervals."""
    return mover_difference(_figures(reference), _figures(other))


class Paired:
    """Tests measures of two models that were judged on the same items.

    Shares of items that are right are compared item by item, and other measures on the same
    resamples of the items. Where neither is possible, or what is computed again is not what the
    profile holds (it was written by another version), the two intervals decide.

    Parameters
    ----------
    reference, other : Evidence
        Of the same items in the same order, with one seed.
    """

    def __init__(self, reference: Evidence, other: Evidence) -> None:
        self._evidence = reference, other
        self._estimates = Estimates(reference), Estimates(other)
        self._alike = _same_outputs(reference, other)

    def __call__(self, reference: Measure, other: Measure) -> Tested:
        """Return the difference of one measure of the two models."""
        if self._alike and reference.value == other.value:
            return Tested(0.0, 0.0, 1.0, True, SAME)
        return (
            self._by_hits(reference, other)
            or self._by_replicates(reference, other)
            or unpaired_difference(reference, other)
        )

    def _by_hits(self, reference: Measure, other: Measure) -> Tested | None:
        ours, theirs = (
            hits_of(reference.name, reference.subset, evidence) for evidence in self._evidence
        )
        if ours is None or theirs is None or not len(ours) or len(ours) != len(theirs):
            return None
        if not (_same(ours.mean(), reference.value) and _same(theirs.mean(), other.value)):
            return None
        return share_difference(ours, theirs)

    def _by_replicates(self, reference: Measure, other: Measure) -> Tested | None:
        ours, theirs = (
            estimates.get(reference.name, reference.subset) for estimates in self._estimates
        )
        if not (_is(ours, reference) and _is(theirs, other)):
            return None
        assert ours is not None
        assert theirs is not None
        if ours.replicates is None or theirs.replicates is None:
            return None
        n = min(ours.n, theirs.n)
        return bootstrap_difference(
            theirs.value - ours.value, ours.replicates(), theirs.replicates(), n
        )


def _same_outputs(reference: Evidence, other: Evidence) -> bool:
    """Return whether two models gave the same numbers for every item, which equal decisions do not show."""
    if "logits" not in reference.clean or reference.perturbed.keys() != other.perturbed.keys():
        return False
    pairs = [(table, other.perturbed[name]) for name, table in reference.perturbed.items()]
    return all(_same_table(*pair) for pair in [(reference.clean, other.clean), *pairs])


def _same_table(one: Predictions, other: Predictions) -> bool:
    return (
        one.columns.keys() == other.columns.keys()
        and one.ids.tolist() == other.ids.tolist()
        and all(_same_column(values, other[name]) for name, values in one.columns.items())
    )


def _same_column(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype == object:
        return len(one) == len(other) and all(map(np.array_equal, one, other))
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def difference(run: str, reference: Measure, other: Measure, test: Test) -> Difference:
    """Return how `other` differs from `reference`, not yet corrected for the number of tests."""
    tested = test(reference, other)
    assert reference.value is not None
    assert other.value is not None
    low, high = _possible(tested, reference, other)
    return Difference(
        run=run,
        name=other.name,
        subset=other.subset,
        title=other.title,
        unit=other.unit,
        better=other.better,
        axis=other.axis,
        reference=reference.value,
        value=other.value,
        ci_low=low,
        ci_high=high,
        p_value=tested.p_value,
        adjusted_p=tested.p_value,
        n=other.n,
        paired=tested.paired,
        method=tested.method,
        secondary=other.secondary,
    )


def _possible(tested: Tested, reference: Measure, other: Measure) -> tuple[float, float]:
    """Return the interval without differences that shares of 0 to 100 % cannot have."""
    bounds = (*_figures(reference), *_figures(other))
    if other.unit == "%" and all(0 <= bound <= 1 for bound in bounds):
        return max(tested.ci_low, -1.0), min(tested.ci_high, 1.0)
    return tested.ci_low, tested.ci_high


def comparable(measures: Iterable[Measure]) -> list[Measure]:
    """Return the measures by which models can be compared.

    Left out are those of the data that a model is judged on, and those of slices, which are found
    by the errors of one model.
    """
    return [
        m
        for m in measures
        if m.axis != "data" and m.topic != "test"
        if not m.subset.startswith("slice=") and not m.name.startswith("worst_slice.")
    ]


def _figures(measure: Measure) -> tuple[float, float, float]:
    assert measure.value is not None
    assert measure.ci_low is not None
    assert measure.ci_high is not None
    return measure.value, measure.ci_low, measure.ci_high


def _is(estimate: Estimate | None, measure: Measure) -> bool:
    return estimate is not None and _same(estimate.value, measure.value)


def _same(value: float, other: float | None) -> bool:
    return other is not None and math.isclose(value, other, rel_tol=_AGREES, abs_tol=1e-9)
