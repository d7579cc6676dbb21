"""A network that is no better than a plain model trained on the same data."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, points, quantity


@finding("worse_than_plain", order=40)
def worse_than_plain(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how the model stands to the plain one, unless it is better beyond chance."""
    gains = [m for m in profile.measures if m.name.startswith("gain_over_baseline")]
    gain = next((m for m in gains if m.applies and not m.subset), None)
    if gain is None or gain.value is None or gain.ci_low is None or gain.ci_high is None:
        return
    size = points(abs(gain.value)) if gain.unit == "%" else quantity(abs(gain.value), gain.unit)
    if gain.ci_high < 0:
        yield Step(
            Gravity.GRAVE,
            f"It is worse than a plain model trained on the same data, by {size}.",
            "Use the plain model, or tune longer, with another strategy or from other weights.",
        )
    elif gain.ci_low <= 0:
        yield Step(
            Gravity.NOTABLE,
            "That it differs from a plain model trained on the same data may be chance (interval of "
            f"the gain {interval_of(gain)}).",
            "Use the plain model, which costs less, unless more test data show a gain.",
        )
