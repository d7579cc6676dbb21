"""Sentences on the test itself: seen in training, labels, classes, and what it can show at all."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of, singular
from finetrust.report.numbers import count, hits, interval_of, points, value_of
from finetrust.report.verdicts.measured import measured, reason_against


def evaluation_data_sentences(profile: TrustProfile) -> list[str]:
    """Return how far the test can be believed."""
    return [_overlap(profile), *_labels(profile), *_mix(profile), *_power(profile)]


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


def _labels(profile: TrustProfile) -> Iterator[str]:
    errors = measured(profile, "label_errors")
    if errors is None:
        return
    if errors.details.get("alarm") is True:
        yield f"About {value_of(errors)} of its labels are probably wrong (interval {interval_of(errors)})."
    else:
        yield "Its labels show no more contradictions than the model's own doubt explains."


def _mix(profile: TrustProfile) -> Iterator[str]:
    shift = measured(profile, "class_prior_shift")
    if shift is not None and shift.details.get("alarm") is True:
        yield f"Its classes are mixed otherwise than in training, by {value_of(shift)}."


def _power(profile: TrustProfile) -> Iterator[str]:
    smallest = measured(profile, "detectable_difference")
    if smallest is not None:
        yield (
            f"Two models that differ by less than {points(smallest.value or 0.0)} look alike on it."
        )
