"""F1 of entities in corrupted texts (after Hendrycks & Dietterich 2019, section 4)."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.data.texts.entity_counts import EntityCounts
from finetrust.trust.accuracy.tokens.evidence_of_tags import NEEDS, counts_in, scheme_in
from finetrust.trust.stability.f1_under_corruption import (
    ByType,
    Counts,
    Score,
    part_kept,
    scores_of,
    whole_and_by_type,
)
from finetrust.trust.trials.matched import matched

REFERENCE = "Hendrycks & Dietterich 2019, arXiv:1903.12261, section 4"


@measure(
    "corruption_entity_f1",
    axis="stability",
    topic="damage",
    title="Entity F1 under corruptions",
    better="higher",
    meaning="The same figure on texts with typos, other casing, other punctuation and misplaced spaces.",
    method="Entity F1 on corrupted copies of the texts, or of a random sample of them (n says how "
    "many), every type of corruption counting the same and within a type every severity. BCa "
    "bootstrap over texts, each taken with all its copies; where resampling shows no uncertainty, "
    "the Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
)
def corruption_entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over all types, then each type; the details hold F1 by severity."""
    yield from whole_and_by_type(_scores(evidence)[1])


@measure(
    "relative_corruption_entity_f1",
    axis="stability",
    topic="damage",
    title="Entity F1 kept under corruptions",
    better="higher",
    method="Entity F1 under corruption divided by that on the same texts untouched; where only a "
    "random sample was corrupted (n says how many), both are of that sample. BCa bootstrap over "
    "texts, clean and corrupted together; where resampling shows no uncertainty, the Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
)
def relative_corruption_entity_f1(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the part of the clean F1 that is left under corruption."""
    yield part_kept(*_scores(evidence))


def _scores(evidence: Evidence) -> tuple[Score, ByType]:
    scheme = scheme_in(evidence)
    clean, by_type = matched(evidence)
    untouched = counts_in(clean, scheme)
    if not untouched.labelled.any():
        raise NotApplicable("no entity is labelled in the corrupted texts")
    corrupted = {
        name: {severity: _counts(counts_in(table, scheme)) for severity, table in of.items()}
        for name, of in by_type.items()
    }
    due = untouched.labelled.sum(axis=1)
    return scores_of(_counts(untouched), corrupted, due, evidence, clean.ids)


def _counts(counts: EntityCounts) -> Counts:
    return counts.right.sum(axis=1), counts.uses.sum(axis=1)
