"""Sentences on the data: whether the model had seen what it was judged on, and what is wrong."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of, singular
from finetrust.report.numbers import count, counted, hits, interval_of
from finetrust.report.verdicts.measured import reason_against


def data_sentences(profile: TrustProfile, data_report: Mapping[str, Any]) -> list[str]:
    """Return whether evaluation data overlap training data, and what the data report found."""
    return [_overlap(profile), *_findings(data_report)]


def _overlap(profile: TrustProfile) -> str:
    overlap = headline_of(profile, "data")
    noun = noun_of(profile.data)
    if overlap is None or not overlap.applies:
        return (
            f"Whether it had seen the evaluation {noun} in training could not be checked: "
            f"{reason_against(overlap)}."
        )
    seen = hits(overlap)
    of = f"the {count(overlap.n)} evaluation {noun}"
    if not seen:
        return (
            f"None of {of} is a copy or near copy of a training {singular(noun)} (interval "
            f"{interval_of(overlap)})."
        )
    verb = "is" if seen == 1 else "are"
    return (
        f"{count(seen)} of {of} {verb} in the training data too, as a copy or nearly so: every other "
        "figure is too kind."
    )


def _findings(data_report: Mapping[str, Any]) -> list[str]:
    found = len(data_report.get("warnings") or ())
    return [f"The data report has {counted(found, 'warning', 'warnings')}."] if found else []
