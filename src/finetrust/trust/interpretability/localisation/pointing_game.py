"""The pointing game: is the most important place on the object."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.interpretability.localisation.located import WHAT, located_estimates


@measure(
    "pointing_game",
    axis="interpretability",
    topic="located",
    title="It looks at the object (pointing game)",
    better="higher",
    meaning="How often the place that speaks most for the right answer lies on the object.",
    method="Share of items of which the highest place of the heat map lies on the object; where several "
    f"are the highest, the share of them that does. {WHAT} Wilson interval.",
    reference="Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016, section 4.2",
    unit="%",
    needs=("logits|pred_boxes|confusion",),
    share=True,
)
def pointing_game_measure(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share for the explanation, then for each map that knows nothing of the model."""
    yield from located_estimates(evidence, "pointing", _wilson)


def _wilson(values: np.ndarray, seed: int) -> tuple[float, float]:
    low, high = wilson(values.sum(), len(values))
    return float(low), float(high)
