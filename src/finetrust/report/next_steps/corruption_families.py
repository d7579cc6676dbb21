"""Which common corruptions are of one family, and what training against each of them is.

Hendrycks & Dietterich 2019, arXiv:1903.12261, figure 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from finetrust.core.measure import Measure
from finetrust.report.names import subset_value

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital damage": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}


@dataclass(frozen=True)
class Family:
    """What is known of the kinds of one family.

    Parameters
    ----------
    name : str
    members : sequence of Measure
    value, ci_high : float
        Means over them; the mean of upper bounds is above the upper bound of the mean.
    """

    name: str
    members: Sequence[Measure]
    value: float
    ci_high: float


def families_of(by_type: Sequence[Measure]) -> list[Family]:
    """Return the families of some measures, one a type of corruption; types of no family are left out."""
    found = []
    for name, types in FAMILIES.items():
        members = [m for m in by_type if m.applies and subset_value(m) in types]
        if members:
            value = float(np.mean([m.value or 0.0 for m in members]))
            high = float(np.mean([1.0 if m.ci_high is None else m.ci_high for m in members]))
            found.append(Family(name, members, value, high))
    return found
