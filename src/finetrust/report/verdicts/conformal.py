"""Sentences on sets of answers: how often they hold the right one, and how large they are."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.details import interval_in, number_in
from finetrust.report.numbers import promised, value_of
from finetrust.report.verdicts.measured import measured


def conformal_sentences(profile: TrustProfile) -> list[str]:
    """Return how often a set of answers holds the right one, against the promise, and its size."""
    told = []
    coverage = measured(profile, "conformal_coverage")
    asked = number_in(coverage.details, "asked") if coverage is not None else None
    if coverage is not None and asked is not None:
        told.append(
            f"Instead of one answer it can give a set that holds the right one: {promised(asked)} of the "
            f"sets were promised to, {value_of(coverage)} do. {_kept(coverage)}"
        )
    size = measured(profile, "conformal_set_size")
    if size is not None and size.value is not None:
        told.append(f"A set holds {size.value:.2f} classes on average.")
    return told


def _kept(coverage: Measure) -> str:
    expected = interval_in(coverage.details, "expected")
    if expected is None or coverage.value is None:
        return ""
    if coverage.value < expected[0]:
        return "That is less than chance explains."
    kept = coverage.value <= expected[1]
    return "The promise is kept." if kept else "The promise is more than kept."
