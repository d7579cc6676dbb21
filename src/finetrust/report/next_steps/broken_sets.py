"""Sets of answers that hold the right one less often than promised."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import interval_in, number_in
from finetrust.report.judged import noun_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval, promised, value_of
from finetrust.report.verdicts.measured import measured


@finding("broken_sets", order=95)
def broken_sets(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield that the coverage lies below the interval in which chance alone would leave it."""
    coverage = measured(profile, "conformal_coverage")
    if coverage is None or coverage.value is None:
        return
    asked, expected = (
        number_in(coverage.details, "asked"),
        interval_in(coverage.details, "expected"),
    )
    if asked is None or expected is None or coverage.value >= expected[0]:
        return
    noun = noun_of(profile.data)
    yield Step(
        Gravity.NOTABLE,
        f"{promised(asked)} of the sets of answers were promised to hold the right one, "
        f"{value_of(coverage)} do; chance alone would leave {interval(*expected, '%')}. The test data "
        "differ from the validation data.",
        f"Tune again with validation {noun} like those it will meet, which sets the size of the sets.",
    )
