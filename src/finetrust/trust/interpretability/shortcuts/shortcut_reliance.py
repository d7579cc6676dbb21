"""How far the accuracy of a class falls without the strongest candidate for a shortcut."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.interpretability.shortcuts.found import (
    Found,
    candidate_facts,
    class_name,
    found_shortcuts,
    without_column,
)
from finetrust.trust.interpretability.shortcuts.judgement import LEVEL, Shortcut
from finetrust.trust.interpretability.shortcuts.wording import ALARM, CANDIDATES
from finetrust.trust.stability.corruption_replicates import shared_means


@measure(
    "shortcut_reliance",
    axis="interpretability",
    topic="shortcut",
    title="Accuracy that hangs on the strongest candidate for a shortcut",
    better="lower",
    meaning="How far the accuracy on a class falls when what its images have in common at one place, or as "
    "a layer, is taken away.",
    method=f"{CANDIDATES} {ALARM} The value is that of the candidate with the largest effect, alarms first; "
    "adjusted Wald interval of paired shares (Bonett & Price 2012) that holds for all candidates at once "
    "(Bonferroni).",
    reference="Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4; Geirhos et al. 2020, "
    "arXiv:2004.07780",
    unit="%",
    needs=("logits",),
)
def shortcut_reliance(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the fall without the strongest candidate, then for each class that raises an alarm.

    Without an alarm it is for those who look closer: the largest of many candidates is large by chance.
    The details hold ``alarm``, ``candidates`` (all that were judged) and, with an alarm, ``warning``.
    """
    found = found_shortcuts(evidence)
    if not found.shortcuts:
        raise NotApplicable("nothing that a class has in common changes any answer")
    candidates = [candidate_facts(evidence, found, s) for s in found.shortcuts]
    alarms = candidates[: found.n_alarms]
    details: dict[str, Any] = {**candidates[0], "alarm": bool(alarms), "candidates": candidates}
    if alarms:
        details["warning"] = " ".join(facts["sentence"] for facts in alarms)
    yield _estimate(evidence, found, 0, "", details)
    first: dict[int, int] = {}
    for k, shortcut in enumerate(found.shortcuts[: found.n_alarms]):
        first.setdefault(shortcut.label, k)
    for label, k in first.items():
        yield _estimate(evidence, found, k, f"class={class_name(evidence, label)}", candidates[k])


def _estimate(
    evidence: Evidence, found: Found, k: int, subset: str, details: Mapping[str, Any]
) -> Estimate:
    shortcut = found.shortcuts[k]
    pairs = without_column(found.outcomes[k], shortcut, found.judged)
    low, high = _interval(pairs, len(found.shortcuts))
    ids = _ids(found, shortcut)
    change = pairs[:, :1].astype(float) - pairs[:, 1:]
    replicates = partial(_replicates, evidence, ids, change)
    return Estimate(
        shortcut.fall.value,
        low,
        high,
        shortcut.fall.n,
        subset,
        details,
        replicates,
        secondary=not shortcut.alarm,
    )


def _interval(pairs: np.ndarray, tests: int) -> tuple[float, float]:
    before, after = pairs.T
    lost, kept = int((before & ~after).sum()), int((after & ~before).sum())
    return paired_difference(lost, kept, len(pairs), 1 - LEVEL / tests)


def _ids(found: Found, shortcut: Shortcut) -> np.ndarray:
    return found.table.ids[found.judged.targets == shortcut.label]


def _replicates(evidence: Evidence, ids: np.ndarray, change: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, change)[:, 0]
