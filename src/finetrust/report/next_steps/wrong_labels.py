"""Labels that are probably wrong, in the test and in the training data."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import suspects_in
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, interval_of, value_of
from finetrust.report.verdicts.measured import measured

MANY = 0.03
PLACES = {"label_errors": "test", "train_label_errors": "training"}


@finding("wrong_labels", order=30)
def wrong_labels(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the share of labels that are probably wrong, where chance does not explain it."""
    for name, place in PLACES.items():
        measure = measured(profile, name)
        if measure is None or measure.details.get("alarm") is not True:
            continue
        corrected = measured(profile, "accuracy_if_labels_right") if place == "test" else None
        told = ""
        if corrected is not None:
            told = f" Had they been right, its accuracy would be about {value_of(corrected)}."
        listed = suspects_in(measure.details)
        first = f"the {count(len(listed))} suspects" if listed else "the suspects"
        yield Step(
            Gravity.GRAVE if (measure.ci_low or 0.0) >= MANY else Gravity.NOTABLE,
            f"About {value_of(measure)} of the {place} labels are probably wrong (interval "
            f"{interval_of(measure)}).{told}",
            f"Look at {first} listed under Data, mend the labels, and "
            f"{'evaluate' if place == 'test' else 'tune'} again.",
        )
