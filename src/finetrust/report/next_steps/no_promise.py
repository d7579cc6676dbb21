"""Promises of a small risk of error: none that could be made, or one that was not kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import number_in
from finetrust.report.judged import noun_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, promised, value_of


@finding("no_promise", order=90)
def no_promise(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield that no risk can be promised, though validation data were there, or was exceeded."""
    yield from _none(profile)
    for measure in profile.axis("accuracy"):
        limit = number_in(measure.details, "promised")
        if measure.name != "risk_when_answering" or limit is None:
            continue
        if (measure.ci_low or 0.0) > limit:
            yield Step(
                Gravity.GRAVE,
                f"Among the answers it was to give by itself with at most {promised(limit)} errors, "
                f"{value_of(measure)} are wrong (interval {interval_of(measure)}): the test data differ "
                "from the validation data.",
                f"Choose the threshold on validation {noun_of(profile.data)} like those it will meet, "
                "and tune again.",
            )


def _none(profile: TrustProfile) -> Iterator[Step]:
    levels = [m for m in profile.axis("accuracy") if m.name == "coverage_at_risk"]
    reasons = [m.reason for m in levels if "validation items" in (m.reason or "")]
    if reasons and not any(m.value for m in levels):
        yield Step(
            Gravity.NOTABLE,
            f"No threshold of confidence can promise few errors: {reasons[-1]}.",
            "Let a person check every answer. More validation data, or a better model, make a promise "
            "possible.",
        )
