"""Training without validation data: nothing chose the epoch, nothing was calibrated."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.next_steps.step import Gravity, Step, finding


@finding("no_validation", order=120)
def no_validation(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield that there was none, where the data report knows of a training split without one."""
    splits = report.get("splits") or {}
    if "train" in splits and not (splits.get("val") or {}).get("n"):
        yield Step(
            Gravity.NOTABLE,
            "There were no validation data: no best epoch was chosen, nothing was calibrated, and no "
            "threshold can promise anything.",
            "Set some training data aside as validation data and tune again.",
        )
