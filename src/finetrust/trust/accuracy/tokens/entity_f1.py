"""Precision, recall and F1 of entities, over all of them and type by type.

Tjong Kim Sang & De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003, section 2.3;
Nakayama, "seqeval", 2018, whose figures in its default mode these are.
"""

from collections.abc import Callable, Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.data.texts.entity_counts import EntityCounts
from finetrust.trust.accuracy.ratios import mean_f1, ratio
from finetrust.trust.accuracy.tokens.evidence_of_tags import NEEDS, counts_in, scheme_in

REFERENCE = "Tjong Kim Sang & De Meulder 2003, CoNLL-2003, section 2.3"
INTERVAL = "BCa bootstrap over texts; where resampling shows no uncertainty, the Wilson interval."
RIGHT = "An entity is right only if its type, its first and its last word are."


@measure(
    "entity_f1",
    axis="accuracy",
    title="Entity F1",
    better="higher",
    meaning="100 % would be every entity found, whole and of the right type, and nothing else.",
    method=f"Harmonic mean of precision and recall of the entities. {RIGHT} {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    topic="right",
)
def entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield F1 over all entities (micro average), then that of each type."""
    yield from _shares(evidence, lambda c: (c.right, c.uses), 2.0, "no entity is labelled or found")


@measure(
    "entity_precision",
    axis="accuracy",
    title="Entity precision",
    better="higher",
    method=f"Share of the entities found that are labelled so. {RIGHT} {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    topic="right",
)
def entity_precision(evidence: Evidence) -> Iterator[Estimate]:
    """Yield precision over all entities, then that of each type that was found."""
    yield from _shares(evidence, lambda c: (c.right, c.predicted), 1.0, "no entity is found")


@measure(
    "entity_recall",
    axis="accuracy",
    title="Entity recall",
    better="higher",
    method=f"Share of the labelled entities that are found. {RIGHT} {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    topic="right",
)
def entity_recall(evidence: Evidence) -> Iterator[Estimate]:
    """Yield recall over all entities, then that of each type that is labelled."""
    yield from _shares(evidence, lambda c: (c.right, c.labelled), 1.0, "no entity is labelled")


@measure(
    "macro_entity_f1",
    axis="accuracy",
    title="Macro entity F1",
    better="higher",
    method="Mean over the types of their F1; types that are neither labelled nor found are left "
    f"out. {RIGHT} {INTERVAL}",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    topic="right",
)
def macro_entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean F1 of the types."""
    counts = counts_in(evidence.clean, scheme_in(evidence))
    if not counts.uses.any():
        raise NotApplicable("no entity is labelled or found")
    yield Estimate(*mean_f1(counts.right, counts.uses, evidence.seed), len(evidence.clean))


def _shares(
    evidence: Evidence,
    of: Callable[[EntityCounts], tuple[np.ndarray, np.ndarray]],
    weight: float,
    otherwise: str,
) -> Iterator[Estimate]:
    counts = counts_in(evidence.clean, scheme_in(evidence))
    hits, uses = of(counts)
    if not uses.any():
        raise NotApplicable(otherwise)
    yield _share(counts, hits, uses, weight, evidence.seed, slice(None), "")
    for number, name in enumerate(counts.types):
        if uses[:, number].any():
            columns = slice(number, number + 1)
            yield _share(counts, hits, uses, weight, evidence.seed, columns, f"type={name}")


def _share(
    counts: EntityCounts,
    hits: np.ndarray,
    uses: np.ndarray,
    weight: float,
    seed: int,
    columns: slice,
    subset: str,
) -> Estimate:
    value, low, high = ratio(hits[:, columns].sum(1), uses[:, columns].sum(1), seed, weight)
    details = {
        "right": int(counts.right[:, columns].sum()),
        "found": int(counts.predicted[:, columns].sum()),
        "labelled": int(counts.labelled[:, columns].sum()),
    }
    n = int(counts.uses[:, columns].any(axis=1).sum()) if subset else len(hits)
    return Estimate(value, low, high, n, subset, details)
