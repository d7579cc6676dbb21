"""Answers that hang on chance in training."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items, noun_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, value_of
from finetrust.report.verdicts.measured import measured

TOLERATED = 0.05


@finding("churning", order=117)
def churning(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how many answers change when it is trained again, where it is more than one in twenty."""
    churn = measured(profile, "churn")
    if churn is None or (churn.ci_low or 0.0) <= TOLERATED:
        return
    yield Step(
        Gravity.NOTABLE,
        f"Trained again in the same way, it answers {value_of(churn)} of the {noun_of(profile.data)} "
        f"differently (interval {interval_of(churn)}, {counted_items(profile, churn.n)}).",
        "Average the answers of several trainings, or the weights of one (`--strategy 'lp-ft + ema'`); "
        "more training data help most. Do not read much into a single answer that it is unsure of.",
    )
