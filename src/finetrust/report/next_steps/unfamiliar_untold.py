"""Inputs of no class that the model knows which it does not tell from ordinary ones."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.verdicts.measured import measured
from finetrust.report.verdicts.unfamiliar import DISTANCES

TOLD = 0.5
MOST_FALSE_ALARMS = 0.10


@finding("unfamiliar_untold", order=116)
def unfamiliar_untold(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how few unfamiliar inputs are marked, where it is less than half, and too many false alarms."""
    for distance, what in DISTANCES.items():
        rate = measured(profile, f"ood_detection_rate_{distance}")
        if rate is not None and rate.ci_high is not None and rate.ci_high < TOLD:
            yield Step(
                Gravity.NOTABLE,
                f"Of {what} it marks only {value_of(rate)} as unfamiliar (interval {interval_of(rate)}, "
                f"{counted_items(profile, rate.n)}); to the others it gives an answer as if it knew them.",
                "See to it that only inputs of the known classes reach it, or add a class for all others. "
                f"The flag `unfamiliar` of `finetrust predict` marks more with a larger `--false-alarms`."
                f"{_better_score(profile, distance)}",
            )
    alarms = measured(profile, "ood_false_alarm_rate")
    if alarms is not None and (alarms.ci_low or 0.0) > MOST_FALSE_ALARMS:
        yield Step(
            Gravity.NOTABLE,
            f"It finds {value_of(alarms)} of the test data unfamiliar (interval {interval_of(alarms)}), "
            "where 5\N{NO-BREAK SPACE}% were to be expected: they differ from the validation data.",
            "Find out in what they differ, and tune with validation and training data like those it will "
            "meet.",
        )


def _better_score(profile: TrustProfile, distance: str) -> str:
    """Tell which other score would tell these inputs better, beyond chance."""
    chosen = measured(profile, f"ood_auroc_{distance}")
    if chosen is None:
        return ""
    others = [m for m in profile.subsets(chosen.name) if _is_of_score(m) and m.applies]
    best = max(others, key=lambda m: m.value or 0.0, default=None)
    if best is None or (best.ci_low or 0.0) <= (chosen.ci_high or 1.0):
        return ""
    return (
        f" On these inputs the score {subset_value(best)} would tell more of them "
        f"({value_of(best)} of pairs, against {value_of(chosen)})."
    )


def _is_of_score(measure: Measure) -> bool:
    return measure.subset.startswith("score=")
