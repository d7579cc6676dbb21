"""How many explanations change when the network's weights are drawn anew."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.sanity.estimates import (
    correlation,
    mean_of,
    of_methods,
    share,
    summary,
)
from finetrust.trust.interpretability.sanity.found import Found
from finetrust.trust.interpretability.sanity.verdicts import Belief, belief_of, changed_share
from finetrust.trust.interpretability.sanity.wording import ITEMS

KINDS = {
    "rank_correlation": "weights",
    "absolute_rank_correlation": "absolute",
    "structural_similarity": "similarity",
}

ONLY_SIGNS = (
    "But mostly the signs change: where they are strong stays the same, and that is the input more than "
    "what the network makes of it."
)


@measure(
    "weight_randomisation",
    axis="interpretability",
    topic="believed",
    title="Explanations that change with the network's weights",
    better="higher",
    meaning="How many explanations become others when the network forgets all it learned. One that stays the "
    "same shows the input and not what the network makes of it: it is not to be believed.",
    method="All layers of a copy of the network are drawn anew, from the last to the first. A map changes if "
    "the rank correlation of its places with those before is below 0.5. By the exact sign test at 5 %, a "
    "method of which most maps stay the same is not to be believed, and with fewer than 6 items nothing is "
    f"decided. The details hold the same for absolute values, of which the sign does not count. {ITEMS} "
    "Wilson interval.",
    reference="Adebayo et al. 2018, arXiv:1810.03292, section 3",
    unit="%",
    needs=("logits|confusion",),
    share=True,
)
def weight_randomisation(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share of each method; the details hold the verdict and the curve over the layers."""
    yield from of_methods(evidence, partial(_of_method, evidence))


def _of_method(evidence: Evidence, found: Found, method: str, subset: str) -> Estimate | Absence:
    stages = found.numbered(method, "weights")
    if not stages:
        return Absence("the network has no weights that could be drawn anew", subset)
    tried = found.tried(method, "judged")
    last = found.values(method, f"weights-{stages[-1]}")[tried]
    judged, strengths = belief_of(last, "weights"), _of_strengths(found, method, tried)
    gain = found.gains.get(method, np.nan)
    facts = found.facts(method)
    details = {
        **facts,
        **{name: value for name, value in asdict(judged).items() if name != "n"},
        "sentence": sentence_of(str(facts["title"]), judged, strengths),
        "strengths_change": strengths.believed,
        "gain": float(gain) if np.isfinite(gain) else None,
        "curve": [
            {
                "stage": stage,
                "share_of_layers": stage / stages[-1],
                **_similarities(evidence, found, method, stage, tried),
            }
            for stage in stages
        ],
    }
    return mean_of(
        evidence, found.table.ids[tried], changed_share(last), subset, details, share, bool(subset)
    )


def sentence_of(title: str, judged: Belief, strengths: Belief) -> str:
    """Return what the verdicts on maps and on their absolute values mean, for a reader."""
    counted = f"{judged.n - judged.same} of {judged.n}"
    if judged.believed is None:
        return (
            f"{title}: it is not decided whether its explanations depend on what the network learned; "
            f"{counted} change when all weights are drawn anew."
        )
    if judged.believed:
        found = (
            f"{title}: its explanations depend on what the network learned; {counted} change when all "
            "weights are drawn anew."
        )
        return found if strengths.believed is not False else f"{found} {ONLY_SIGNS}"
    return (
        f"{title} is not to be believed: its explanations stay the same when the network forgets all it "
        f"learned; only {counted} change."
    )


def _of_strengths(found: Found, method: str, tried: np.ndarray) -> Belief:
    """Return the verdict on the absolute values, in which a change of sign alone does not count."""
    stages = found.numbered(method, "absolute")
    if not stages:
        return belief_of(np.array([]), "weights")
    return belief_of(found.values(method, f"absolute-{stages[-1]}")[tried], "weights")


def _similarities(
    evidence: Evidence, found: Found, method: str, stage: int, tried: np.ndarray
) -> dict[str, Any]:
    return {
        kind: summary(found.values(method, f"{figure}-{stage}")[tried], evidence.seed, correlation)
        for kind, figure in KINDS.items()
        if found.has(method, f"{figure}-{stage}")
    }
