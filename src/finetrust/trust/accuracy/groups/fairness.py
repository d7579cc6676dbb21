"""Whether a classifier treats the groups of a protected attribute alike."""

from collections.abc import Iterator, Sequence

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.answers import decisions_of
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.groups.columns import LEAST_ITEMS, Column, columns_of
from finetrust.trust.accuracy.groups.group_rates import GroupCounts, largest_gap

INTERVAL = (
    "The largest of many differences is larger than the true one by chance alone; the interval holds "
    "for all of them at once (Tukey and Kramer over the groups, Bonferroni over the classes) and starts "
    "at 0 unless two groups differ by more than chance. Rates that rest on fewer than "
    f"{LEAST_ITEMS} items of a group are left out."
)


@measure(
    "equalised_odds_gap",
    axis="accuracy",
    title="Equalised odds: gap between groups",
    better="lower",
    method="Largest difference between two groups of a protected attribute in how often items of a "
    "class are recognised as it (true positive rate), or items of other classes are taken for it (false "
    f"positive rate), over all classes. {INTERVAL}",
    reference="Hardt et al. 2016, NeurIPS, definition 2.1",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="How much more often one group than another gets wrong answers, given what would be right; 0 "
    "would be errors that are spread alike.",
    topic="groups",
    per_group=False,
)
def equalised_odds_gap(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the gap of each protected column."""
    for column, counts in _protected(evidence):
        hits, n = (
            np.concatenate(both, axis=1)
            for both in zip(counts.true_positives(), counts.false_positives(), strict=True)
        )
        kinds = ["true positive rate", "false positive rate"]
        yield _estimate(evidence, column, hits, n, kinds)


@measure(
    "demographic_parity_gap",
    axis="accuracy",
    title="Demographic parity: gap between groups",
    better="lower",
    method="Largest difference between two groups of a protected attribute in how often a class is "
    f"predicted, right or wrong, over all classes. {INTERVAL}",
    reference="Dwork et al. 2012, ITCS, section 1.1 (statistical parity)",
    unit="%",
    needs=("target", "logits|predicted_class"),
    meaning="How much more often one group than another gets an answer, whether or not it is right; where "
    "the classes are truly spread unevenly over the groups, 0 is not the aim.",
    topic="groups",
    per_group=False,
)
def demographic_parity_gap(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the gap of each protected column."""
    for column, counts in _protected(evidence):
        yield _estimate(evidence, column, *counts.selections(), ["rate of predictions"])


def _protected(evidence: Evidence) -> Iterator[tuple[Column, GroupCounts]]:
    columns = [column for column in columns_of(evidence) if column.name in evidence.protected]
    if not columns:
        raise NotApplicable("no subgroup column is named as a protected attribute")
    columns = [column for column in columns if column.groups]
    if not columns:
        raise NotApplicable(f"no protected group has {LEAST_ITEMS} items")
    targets = evidence.clean["target"]
    predicted = decisions_of(evidence)
    for column in columns:
        group = np.full(len(targets), -1)
        for number, member in enumerate(column.groups):
            group[member.rows] = number
        told = group >= 0
        n_classes = len(class_names(evidence))
        yield column, GroupCounts.of(group[told], targets[told], predicted[told], n_classes)


def _estimate(
    evidence: Evidence, column: Column, hits: np.ndarray, n: np.ndarray, kinds: Sequence[str]
) -> Estimate | Absence:
    """Return the largest gap in rates (groups, kinds * classes)."""
    gap = largest_gap(hits, n)
    if gap is None:
        reason = f"no rate rests on at least {LEAST_ITEMS} items in two of its groups"
        return Absence(reason, column.name)
    names = class_names(evidence)
    kind, number = divmod(gap.rate, len(names))
    details = {
        "class": names[number],
        "rate": kinds[kind],
        "highest": column.groups[gap.highest].value,
        "lowest": column.groups[gap.lowest].value,
        "groups": len(column.groups),
    }
    return Estimate(gap.value, gap.low, gap.high, gap.n, column.name, details)
