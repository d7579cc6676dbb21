"""Average precision of every class against the rest: the area under precision and recall."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.right.one_vs_rest import (
    interval_of_mean,
    linear_replicates,
    one_vs_rest_of,
)


@measure(
    "average_precision",
    axis="accuracy",
    title="Average precision",
    better="higher",
    method="Precision averaged over recall as the threshold on the probability of a class falls, the "
    "mean over the classes that have items; items without finite scores are left out. Variance by the "
    "infinitesimal jackknife as a Wilson score interval, with one misplaced item more in every class; "
    "its lower end is lowered by what average precision is too high on average.",
    reference="Boyd, Eng & Page 2013, ECML PKDD, Area under the precision-recall curve, table 1",
    unit="%",
    needs=("target", "logits"),
    meaning="How clean the list of the likeliest items of a class stays until all of them are found.",
    topic="right",
    secondary=True,
)
def average_precision(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the classes; the details hold the precision-recall curve of each."""
    found = one_vs_rest_of(evidence)
    value = float(found.average_precision.mean())
    areas, trials, influence = (
        found.average_precision,
        found.positives[None],
        found.precision_influence,
    )
    _, high = interval_of_mean(areas, trials, influence)
    low, _ = interval_of_mean(areas - found.precision_excess, trials, influence)
    names = class_names(evidence)
    curves = [
        {
            "class": names[c],
            "n": int(positives),
            "average_precision": float(area),
            "recall": curve[0].round(5).tolist(),
            "precision": curve[1].round(5).tolist(),
        }
        for c, positives, area, curve in zip(
            found.classes,
            found.positives,
            found.average_precision,
            found.precision_recall,
            strict=True,
        )
    ]
    yield Estimate(
        value,
        min(low, value),
        high,
        len(found.rows),
        details={"curves": curves},
        replicates=lambda: linear_replicates(evidence, found.rows, value, influence),
    )
