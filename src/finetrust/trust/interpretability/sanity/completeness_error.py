"""By how much maps that promise to add up to the answer's logit fail to."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.choice import title_of
from finetrust.trust.interpretability.sanity.estimates import ONE_ITEM
from finetrust.trust.interpretability.sanity.found import found_in
from finetrust.trust.interpretability.sanity.wording import ITEMS
from finetrust.trust.stability.adversarial.median_perturbation import median_interval

_NONE = "no method that was tried promises that its map adds up to the answer's logit"


@measure(
    "completeness_error",
    axis="interpretability",
    topic="believed",
    title="Error of maps that promise to add up (median)",
    better="lower",
    meaning="Some methods promise that the places of a map add up to what the image adds to the answer. For "
    "half of the maps the sum misses by less than this part of it.",
    method="Sum of the map less the promised difference of logits (that of the image and the mean over the "
    "method's baselines), as a part of that difference. Of the methods that promise it, the largest error "
    "of each item; then each method. Median, with its exact interval by the order of the values: from the "
    f"smallest to the largest where there are fewer than 6. {ITEMS}",
    reference="Sundararajan et al. 2017, arXiv:1703.01365, proposition 1; Conover 1999, section 3.2",
    needs=("logits",),
    secondary=True,
)
def completeness_error(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the median over items of the worst method, then of each."""
    found = found_in(evidence)
    methods = [method for method in found.methods if found.has(method, "completeness")]
    if not methods:
        raise NotApplicable(_NONE)
    errors = {method: found.values(method, "completeness") for method in methods}
    tried = {method: found.tried(method, "judged") for method in methods}
    everywhere = np.all(list(tried.values()), axis=0)
    # An item of which one error is not known has no largest one.
    largest = np.max(np.stack(list(errors.values())), axis=0)
    titles = [title_of(method) for method in methods]
    yield _median(largest[everywhere], "", {"methods": titles})
    for method, values in errors.items():
        yield _median(values[tried[method]], f"method={method}", found.facts(method))


def _median(values: np.ndarray, subset: str, details: dict[str, Any]) -> Estimate | Absence:
    known = np.isfinite(values)
    of_known = values[known]
    if not len(of_known):
        return Absence("no item has such a figure", subset)
    if len(of_known) < 2:
        return Absence(ONE_ITEM, subset)
    low, high = median_interval(of_known)
    return Estimate(
        float(np.quantile(of_known, 0.5, method="inverted_cdf")),
        low,
        high,
        len(of_known),
        subset,
        {
            **details,
            "mean": float(of_known.mean()),
            "largest": float(of_known.max()),
            "without_figure": int((~known).sum()),
        },
        secondary=bool(subset),
    )
