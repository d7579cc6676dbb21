"""How spread out explanations are."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import any_mean, mean_of, of_methods
from finetrust.trust.interpretability.sanity.found import Found
from finetrust.trust.interpretability.sanity.wording import ITEMS


@measure(
    "explanation_entropy",
    axis="interpretability",
    topic="believed",
    title="Complexity of explanations: entropy in nats",
    better="lower",
    meaning="How many places a heat map is spread over: 0 means a single one. Fewer are easier to take in; "
    "it says nothing of whether they are the right ones.",
    method="Entropy of the absolute values of the map as shares of their sum; the mean over items. "
    f"{ITEMS} BCa bootstrap over items.",
    reference="Bhatt, Weller & Moura 2020, arXiv:2005.00631, definition 4",
    needs=("logits|confusion",),
    secondary=True,
)
def explanation_entropy(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over items of each method."""
    yield from of_methods(evidence, partial(_of_method, evidence))


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    tried = found.tried(method, "judged")
    values = found.values(method, "entropy")[tried]
    facts = found.facts(method)
    return mean_of(evidence, found.table.ids[tried], values, subset, facts, any_mean, bool(subset))
