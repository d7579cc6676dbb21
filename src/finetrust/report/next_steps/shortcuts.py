"""Shortcuts: what the model goes by instead of the object."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.names import subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding

HONEST_TOO = ("border", "background", "colour")


@finding("shortcuts", order=20)
def shortcuts(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield each class whose answers hang on something that its images have in common."""
    for measure in profile.subsets("shortcut_reliance"):
        sentence = measure.details.get("sentence")
        if measure.applies and measure.details.get("alarm") is True and isinstance(sentence, str):
            yield Step(_gravity(measure), sentence, _remedy(measure))


def _gravity(measure: Measure) -> Gravity:
    return Gravity.NOTABLE if measure.details.get("kind") in HONEST_TOO else Gravity.GRAVE


def _remedy(measure: Measure) -> str:
    name, kind = subset_value(measure), measure.details.get("kind")
    if kind in ("colour", "detail"):
        how = (
            "change it in the training images (other cameras, light and compression; `--augment "
            "trivialaugment`)"
        )
    else:
        how = "crop it off or cover it in all images"
    return (
        f"Look at training images of '{name}'. Collect images of it without this, and of other classes "
        f"with it; or {how} and train again; or keep the model on the objects with `finetrust tune "
        '--strategy "full + saliency-guided" --object-masks MASKS`. Then evaluate again: its accuracy where '
        "this is not there is the one without it."
    )
