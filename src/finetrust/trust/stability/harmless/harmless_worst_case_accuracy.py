"""Worst-case accuracy over harmless changes."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.harmless.orbit import orbit
from finetrust.trust.stability.harmless.orbit_estimates import all_estimates
from finetrust.trust.stability.harmless.wording import CHANGES, NO_ANSWER, SAMPLE


@measure(
    "harmless_worst_case_accuracy",
    axis="stability",
    topic="harmless",
    title="Right under every harmless change",
    better="higher",
    meaning="Items on which it is right, and stays right whichever harmless change is made.",
    method="Share of items with the right answer untouched and under every single change: the accuracy "
    f"if the least favourable change were picked for each item. {CHANGES} {NO_ANSWER} Wilson "
    f"interval. {SAMPLE}",
    reference="Engstrom et al. 2019, arXiv:1712.02779",
    unit="%",
    needs=("logits",),
    share=True,
)
def harmless_worst_case_accuracy(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share over all changes, then over those of each family."""
    found = orbit(evidence)
    yield from all_estimates(evidence, found.right_under, found.right)
