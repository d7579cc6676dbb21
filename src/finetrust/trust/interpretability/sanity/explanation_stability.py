"""How far explanations stay the same under changes that leave what an image shows."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import (
    correlation,
    mean_of,
    of_methods,
    summary,
)
from finetrust.trust.interpretability.sanity.found import ANSWER, Found, found_in
from finetrust.trust.interpretability.sanity.wording import ITEMS


@measure(
    "explanation_stability",
    axis="interpretability",
    topic="believed",
    title="Explanations under harmless changes: rank correlation",
    better="higher",
    meaning="Whether an explanation stays the same when the input is changed in ways that leave what it "
    "shows: 1 means just the same order of places, 0 another one altogether.",
    method="Images are mirrored, moved a little, compressed, or given a little more light or contrast; the "
    "change is undone on the map, and the places that both show are compared by their rank correlation. "
    "Texts get a full stop more or less at the end, quotes around, doubled spaces or small letters, and "
    "the words that both have are compared. Mean over items of the mean over changes. Only changes that "
    "alter the input and leave the answer as it is count; the others are counted in the details. "
    f"{ITEMS} BCa bootstrap over items.",
    reference="Alvarez-Melis & Jaakkola 2018, arXiv:1806.08049; Kindermans et al. 2019, arXiv:1711.00867",
    needs=("logits",),
)
def explanation_stability(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over all changes of each method, and each change for the one that explains."""
    yield from of_methods(evidence, partial(_of_method, evidence))
    found = found_in(evidence)
    tried = found.tried(found.chosen, "moved")
    for change in found.named(found.chosen, "harmless"):
        yield mean_of(
            evidence,
            found.table.ids[tried],
            found.values(found.chosen, f"harmless-{change}")[tried],
            f"change={change}",
            {**found.facts(found.chosen), **_answers(found, change, tried)},
            correlation,
        )


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    changes = found.named(method, "harmless")
    if not changes:
        return Absence("no change was held for harmless", subset)
    tried = found.tried(method, "moved")
    values = np.stack([found.values(method, f"harmless-{change}")[tried] for change in changes])
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    means = np.divide(
        total, known.sum(axis=0), out=np.full(len(total), np.nan), where=known.any(axis=0)
    )
    details = {
        **found.facts(method),
        "changes": {
            change: {
                **summary(of_change, evidence.seed, correlation),
                **_answers(found, change, tried),
            }
            for change, of_change in zip(changes, values, strict=True)
        },
    }
    return mean_of(
        evidence, found.table.ids[tried], means, subset, details, correlation, bool(subset)
    )


def _answers(found: Found, change: str, tried: np.ndarray) -> dict[str, Any]:
    """Return how many of the items were answered otherwise, and how many were not altered at all."""
    if f"{ANSWER}{change}" not in found.table:
        return {}
    stays = np.asarray(found.table[f"{ANSWER}{change}"], dtype=np.float64)[tried]
    return {"answer_changed": int((stays == 0).sum()), "unaltered": int(np.isnan(stays).sum())}
