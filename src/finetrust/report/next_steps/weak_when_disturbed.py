"""A main figure that falls far when the inputs change a little."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.names import subset_label
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import quantity, value_of
from finetrust.report.verdicts.measured import measured, weakest
from finetrust.report.verdicts.stability import untouched_value

KEPT = 0.8
KEPT_AT_LEAST = 0.5
REMEDIES = {
    "images": "Tune with stronger augmentation (`--augment trivialaugment`) and let more than the head "
    "train (`--strategy lp-ft`)."
}


@finding("weak_when_disturbed", order=110)
def weak_when_disturbed(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how much is left of the main figure, where less than four fifths are."""
    disturbed = headline_of(profile, "stability")
    if disturbed is None or not disturbed.applies:
        return
    kept = measured(profile, f"relative_{disturbed.name}")
    untouched = untouched_value(profile, disturbed)
    if kept is None or untouched is None or (kept.ci_high or 1.0) >= KEPT:
        return
    hardest = weakest(profile.subsets(disturbed.name))
    worst = f"; hardest is {subset_label(hardest).lower()}" if hardest is not None else ""
    noun = noun_of(profile.data)
    yield Step(
        Gravity.GRAVE if (kept.ci_high or 1.0) < KEPT_AT_LEAST else Gravity.NOTABLE,
        f"Disturbed {noun} bring it down from {quantity(untouched, disturbed.unit)} to "
        f"{value_of(disturbed)} on average{worst}.",
        REMEDIES.get(noun, f"Add such disturbed {noun} to the training data and tune again."),
    )
