"""AUROC: the area under the receiver operating characteristic of every class against the rest."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.right.one_vs_rest import (
    interval_of_mean,
    linear_replicates,
    one_vs_rest_of,
)


@measure(
    "auroc",
    axis="accuracy",
    title="AUROC",
    better="higher",
    method="Area under the ROC curve of the probability of a class against all other classes, the "
    "mean over the classes that have items; items without finite scores are left out. DeLong's "
    "variance as a Wilson score interval, with one misplaced item more in every class.",
    reference="DeLong et al. 1988, Biometrics 44(3), eq. 5 and 6; Hand & Till 2001",
    unit="%",
    needs=("target", "logits"),
    meaning="Of two items, one of a class and one not, how often the former gets the higher "
    "probability of the class; 50 % is guessing.",
    topic="right",
)
def auroc(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the classes; the details hold the ROC curve of each."""
    found = one_vs_rest_of(evidence)
    value, n = float(found.auroc.mean()), len(found.rows)
    trials = np.stack([found.positives, n - found.positives])
    low, high = interval_of_mean(found.auroc, trials, found.auroc_influence)
    names = class_names(evidence)
    curves = [
        {
            "class": names[c],
            "n": int(positives),
            "auroc": float(area),
            "false_positive_rate": curve[0].round(5).tolist(),
            "true_positive_rate": curve[1].round(5).tolist(),
        }
        for c, positives, area, curve in zip(
            found.classes, found.positives, found.auroc, found.roc, strict=True
        )
    ]
    yield Estimate(
        value,
        low,
        high,
        n,
        details={"curves": curves},
        replicates=lambda: linear_replicates(evidence, found.rows, value, found.auroc_influence),
    )
