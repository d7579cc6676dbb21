"""Right answers of which hardly any withstands an attack: usual, but to be known."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.verdicts.measured import measured

LITTLE = 0.25


@finding("fooled_by_attacks", order=114)
def fooled_by_attacks(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the accuracy under attack where it is small, and that this is normal without a defence."""
    robust = measured(profile, "robust_accuracy")
    if robust is None or robust.ci_high is None or robust.ci_high >= LITTLE:
        return
    yield Step(
        Gravity.MINOR,
        f"Somebody who knows the network can fool it with changes that are hardly visible: it stays right "
        f"in {value_of(robust)} (interval {interval_of(robust)}, {counted_items(profile, robust.n)}). That "
        "is normal for a model that was not trained against attacks.",
        "Where nobody gains by fooling it, nothing. Where somebody may, do not let it decide alone, keep "
        "its weights secret, and train it adversarially, which costs some accuracy.",
    )
