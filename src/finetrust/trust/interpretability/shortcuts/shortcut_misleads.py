"""How many items of other classes turn into a class with the strongest candidate for a shortcut."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.interpretability.shortcuts.found import (
    Found,
    class_name,
    found_shortcuts,
)
from finetrust.trust.interpretability.shortcuts.judgement import LEVEL
from finetrust.trust.interpretability.shortcuts.wording import CANDIDATES
from finetrust.trust.stability.corruption_replicates import shared_means


@measure(
    "shortcut_misleads",
    axis="interpretability",
    topic="shortcut",
    title="Other classes that turn into the class with its shortcut",
    better="lower",
    meaning="How many more images of other classes are taken for a class when they are given what its "
    "images have in common.",
    method=f"{CANDIDATES} The candidate is the one of shortcut_reliance. The value is the share of items of "
    "other classes that are taken for the class with this part from it, less the share with the part from "
    "their own class; adjusted Wald interval of paired shares (Bonett & Price 2012) that holds for all "
    "candidates at once (Bonferroni).",
    reference="Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4",
    unit="%",
    needs=("logits",),
    secondary=True,
)
def shortcut_misleads(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share for the strongest candidate, then for each class that raises an alarm."""
    found = found_shortcuts(evidence)
    if not found.shortcuts:
        raise NotApplicable("nothing that a class has in common changes any answer")
    yield _estimate(evidence, found, 0, "")
    first: dict[int, int] = {}
    for k, shortcut in enumerate(found.shortcuts[: found.n_alarms]):
        first.setdefault(shortcut.label, k)
    for label, k in first.items():
        yield _estimate(evidence, found, k, f"class={class_name(evidence, label)}")


def _estimate(evidence: Evidence, found: Found, k: int, subset: str) -> Estimate:
    shortcut, outcome = found.shortcuts[k], found.outcomes[k]
    asked = np.isfinite(outcome.before)
    before, after = outcome.before[asked] == 1, outcome.after[asked] == 1
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    low, high = paired_difference(gained, lost, len(before), 1 - LEVEL / len(found.shortcuts))
    change = (after.astype(float) - before)[:, None]
    replicates = partial(_replicates, evidence, found.table.ids[asked], change)
    details = {"class": class_name(evidence, shortcut.label), "kind": shortcut.kind}
    return Estimate(
        shortcut.turned.value, low, high, shortcut.turned.n, subset, details, replicates
    )


def _replicates(evidence: Evidence, ids: np.ndarray, change: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, change)[:, 0]
