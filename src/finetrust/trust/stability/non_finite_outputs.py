"""Non-finite outputs: items for which the model returned NaN or an infinity."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import has_answer

IDS_SHOWN = 100


@measure(
    "non_finite_outputs",
    axis="stability",
    topic="numerics",
    title="Items without a finite output",
    better="lower",
    method="Share of items for which the model returned NaN or infinity. They count as wrong in "
    "every accuracy and are left out of NLL, Brier score and calibration error. Wilson interval.",
    reference="IEEE 754-2019, section 6",
    unit="%",
    needs=("logits",),
    share=True,
)
def non_finite_outputs(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share on clean items, and on every perturbation that has such items."""
    yield _share(evidence.clean, "")
    for name, predictions in evidence.perturbed.items():
        if not has_answer(predictions["logits"]).all():
            yield _share(predictions, f"perturbation={name}")


def _share(predictions: Predictions, subset: str) -> Estimate:
    missing = ~has_answer(predictions["logits"])
    low, high = wilson(missing.sum(), len(missing))
    ids = [str(i) for i in predictions.ids[np.flatnonzero(missing)[:IDS_SHOWN]]]
    return Estimate(
        float(missing.mean()), float(low), float(high), len(missing), subset, {"ids": ids}
    )
