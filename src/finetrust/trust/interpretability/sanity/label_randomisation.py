"""How many explanations change when the last layer learns labels in a random order."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import (
    correlation,
    mean_of,
    of_methods,
    share,
    summary,
)
from finetrust.trust.interpretability.sanity.found import Found, found_in
from finetrust.trust.interpretability.sanity.verdicts import Belief, belief_of, changed_share
from finetrust.trust.interpretability.sanity.wording import ITEMS


@measure(
    "label_randomisation",
    axis="interpretability",
    topic="believed",
    title="Explanations that change with the labels",
    better="higher",
    meaning="How many explanations become others when the network's last layer learns labels in a random "
    "order. One that stays the same does not depend on what the classes are.",
    method="The last layer of a copy of the network is fitted anew to at most 2,000 training items whose "
    "labels are permuted. A map changes if the rank correlation of its places with those before is below "
    f"0.5. Only the last layer is fitted, the others stay as they are. {ITEMS} Wilson interval.",
    reference="Adebayo et al. 2018, arXiv:1810.03292, section 3.3",
    unit="%",
    needs=("logits",),
    share=True,
)
def label_randomisation(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share of each method; the details hold the verdict and the mean correlation."""
    found = found_in(evidence)
    if not any(found.has(method, "labels") for method in found.methods):
        raise NotApplicable(_why_not(evidence))
    yield from of_methods(evidence, partial(_of_method, evidence))


def _why_not(evidence: Evidence) -> str:
    if evidence.data.get("n_train") is None:
        return "the training items are not known, whose labels would be permuted"
    return (
        "the training items cannot be read, or the model does not end with a linear layer, which is what "
        "is fitted to permuted labels"
    )


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    if not found.has(method, "labels"):
        return Absence("no item has such a figure", subset)
    tried = found.tried(method, "judged")
    values = found.values(method, "labels")[tried]
    judged = belief_of(values, "labels")
    facts = found.facts(method)
    details = {
        **facts,
        **{name: value for name, value in asdict(judged).items() if name != "n"},
        "sentence": sentence_of(str(facts["title"]), judged),
        "rank_correlation": summary(values, evidence.seed, correlation),
    }
    return mean_of(
        evidence,
        found.table.ids[tried],
        changed_share(values),
        subset,
        details,
        share,
        bool(subset),
    )


def sentence_of(title: str, judged: Belief) -> str:
    """Return what a verdict means, in one sentence."""
    found = {
        True: "its explanations depend on which class is which",
        False: "its explanations are nearly the same whatever the classes mean",
        None: "it is not decided whether its explanations depend on which class is which",
    }[judged.believed]
    return (
        f"{title}: {found}; {judged.n - judged.same} of {judged.n} change when the last layer learns "
        "labels in a random order."
    )
