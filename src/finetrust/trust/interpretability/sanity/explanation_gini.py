"""How concentrated explanations are on few places."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import mean_of, of_methods, part
from finetrust.trust.interpretability.sanity.found import Found
from finetrust.trust.interpretability.sanity.wording import ITEMS


@measure(
    "explanation_gini",
    axis="interpretability",
    topic="believed",
    title="Sparseness of explanations: Gini index",
    better="higher",
    meaning="How far a heat map lies on few places: 0 means on all alike, 1 on a single one. It says nothing "
    "of whether they are the right ones.",
    method="Gini index of the absolute values of the map; the mean over items. "
    f"{ITEMS} BCa bootstrap over items.",
    reference="Chalasani et al. 2020, arXiv:1810.06583, section 3.1",
    needs=("logits|confusion",),
    secondary=True,
)
def explanation_gini(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over items of each method."""
    yield from of_methods(evidence, partial(_of_method, evidence))


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    if not found.has(method, "gini"):
        return Absence("no item has such a figure", subset)
    tried = found.tried(method, "judged")
    values = found.values(method, "gini")[tried]
    facts = found.facts(method)
    return mean_of(evidence, found.table.ids[tried], values, subset, facts, part, bool(subset))
