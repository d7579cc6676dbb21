"""How much of the heat lies along the border, and what each class looks at on average."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.interpretability.explained_tables import step_of
from finetrust.trust.interpretability.shortcuts.heat_share import heat_share
from finetrust.trust.interpretability.shortcuts.mean_heat_maps import (
    SIDE,
    STEP,
    TRIAL,
    heat_maps,
    mean_heat_maps,
)


@measure(
    "border_reliance",
    axis="interpretability",
    topic="shortcut",
    title="Heat along the border",
    better="lower",
    meaning="How much of what spoke for its answers lies along the border of the images, where objects "
    "seldom are.",
    method="Share of the positive heat of the chosen explanation in the outermost sixteenth of the sides, "
    "for the predicted class, mean over items; BCa bootstrap over items. Even heat would have 23.4 % there.",
    reference="Wang et al. 2020, arXiv:1910.01279, section 5.2 (energy-based pointing game)",
    unit="%",
    needs=("logits",),
    secondary=True,
)
def border_reliance(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share; the details hold ``even`` and ``mean_heat``, the mean map of each class."""
    table = step_of(evidence, STEP, TRIAL)
    maps = heat_maps(table)
    border = np.ones((SIDE, SIDE), dtype=bool)
    border[1:-1, 1:-1] = False
    total = maps.sum(axis=(1, 2))
    shares = maps[:, border].sum(axis=1) / np.where(total > 0, total, np.nan)
    even = np.full(len(table), border.mean())
    details = {"mean_heat": mean_heat_maps(evidence, table)}
    yield heat_share(evidence, table.ids, shares, even, details)
