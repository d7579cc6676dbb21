"""How far explanations move under noise that nobody sees."""

from collections.abc import Iterator
from functools import partial

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import any_mean, mean_of, of_methods, summary
from finetrust.trust.interpretability.sanity.found import Found
from finetrust.trust.interpretability.sanity.wording import ITEMS


@measure(
    "explanation_sensitivity",
    axis="interpretability",
    topic="believed",
    title="Largest move of an explanation under invisible noise",
    better="lower",
    meaning="How far an explanation moves when each colour value changes by up to 2 % of its range, or one "
    "word of a text in its casing: 0 means not at all, 1 by as much as it is large.",
    method="Largest Euclidean distance between the map of the image and those of six noisy copies, as a "
    "multiple of the length of the former; the mean over items. Of a text, the copies have the casing of "
    "one word swapped, or where the tokenizer does not see that a comma after it, for six words. The "
    "largest of six is a lower bound of the largest that there is. The details hold the mean over the "
    f"copies (average sensitivity). {ITEMS} BCa bootstrap over items.",
    reference="Yeh et al. 2019, arXiv:1901.09392, definition 4.1",
    needs=("logits",),
)
def explanation_sensitivity(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over items of each method."""
    yield from of_methods(evidence, partial(_of_method, evidence))


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    if not found.has(method, "sensitivity_max"):
        return Absence("no item has such a figure", subset)
    tried = found.tried(method, "moved")
    details = {
        **found.facts(method),
        "average": summary(
            found.values(method, "sensitivity_mean")[tried], evidence.seed, any_mean
        ),
    }
    return mean_of(
        evidence,
        found.table.ids[tried],
        found.values(method, "sensitivity_max")[tried],
        subset,
        details,
        any_mean,
        bool(subset),
    )
