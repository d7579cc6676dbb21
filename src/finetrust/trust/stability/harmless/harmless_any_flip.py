"""Items with an answer that some harmless change flips."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.harmless.orbit import orbit
from finetrust.trust.stability.harmless.orbit_estimates import all_estimates
from finetrust.trust.stability.harmless.wording import CHANGES, NO_ANSWER, SAMPLE


@measure(
    "harmless_any_flip",
    axis="stability",
    topic="harmless",
    title="Answers that some harmless change flips",
    better="lower",
    meaning="Items about which it says something else once a harmless change is made.",
    method="Share of items whose answer is another one under at least one change than untouched, right "
    f"or wrong. {CHANGES} {NO_ANSWER} Wilson interval. {SAMPLE}",
    reference="Azulay & Weiss 2019, JMLR 20(184)",
    unit="%",
    needs=("logits",),
    share=True,
)
def harmless_any_flip(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share over all changes, then over those of each family."""
    found = orbit(evidence)
    every = np.ones(len(found.ids), dtype=bool)
    yield from all_estimates(evidence, found.kept, every, negated=True)
