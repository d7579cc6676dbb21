"""Faithfulness gain: how much more the marked places matter than places drawn at random."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.choice import title_of
from finetrust.trust.interpretability.faithfulness.columns import EXPLANATION, RIVAL
from finetrust.trust.interpretability.faithfulness.judged import (
    NO_FIGURE,
    Judged,
    judged,
    mean_estimate,
)
from finetrust.trust.interpretability.faithfulness.wording import REMOVED, SAMPLE


@measure(
    "faithfulness_gain",
    axis="interpretability",
    topic="explained",
    title="Faithfulness above chance",
    better="higher",
    meaning="How much more the places that the explanation marks matter to the answer than places drawn at "
    "random: 0 if it is no better than chance, up to 2.",
    method="Probability of the answer with the marked places alone less that without them, averaged over "
    "all shares of the image (insertion area less deletion area), less the same of a coarse random map of "
    "the same item. The method that explains was chosen on validation data. Bootstrap interval over "
    f"items, paired. {REMOVED} {SAMPLE}",
    reference="Petsiuk et al. 2018, RISE, section 4.2; Rong et al. 2022, arXiv:2202.00449",
)
def faithfulness_gain(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield it against the random map, then against every other rival, then under other replacements."""
    found = judged(evidence)
    rivals = list(found.rivals(f"{found.replacement}.insertion"))
    whole = _gain(found, found.replacement, RIVAL)
    if whole is None or not np.isfinite(whole).any():
        raise NotApplicable(NO_FIGURE)
    estimate = partial(mean_estimate, evidence, found, within=(-2.0, 2.0))
    yield estimate(
        values=whole, details={**_told(found), **_against(RIVAL, whole, found.replacement)}
    )
    for rival in rivals:
        gain = _gain(found, found.replacement, rival)
        if gain is not None and rival != RIVAL:
            details = _against(rival, gain, found.replacement)
            yield estimate(values=gain, subset=f"against={rival}", details=details)
    for other in found.others:
        gain = _gain(found, other, RIVAL)
        if gain is not None:
            details = _against(RIVAL, gain, other)
            yield estimate(values=gain, subset=f"replacement={other}", details=details)


def _gain(found: Judged, replacement: str, rival: str) -> np.ndarray | None:
    own, other = (_net(found, name, replacement) for name in (EXPLANATION, rival))
    return None if own is None or other is None else own - other


def _net(found: Judged, name: str, replacement: str) -> np.ndarray | None:
    inserted, deleted = (
        found.values(f"{name}.{replacement}.{figure}") for figure in ("insertion", "deletion")
    )
    return None if inserted is None or deleted is None else inserted - deleted


def _against(rival: str, gain: np.ndarray, replacement: str) -> dict[str, Any]:
    return {"rival": rival, "replacement": replacement, "better_on": int((gain > 0).sum())}


def _told(found: Judged) -> dict[str, Any]:
    """Return how the method was chosen."""
    choice = found.choice
    return {
        "sentence": choice.sentence,
        "n_validation": choice.n,
        "candidates": [
            {
                "method": method,
                "title": title_of(method),
                "gain": gain,
                "rejected": method in choice.rejected,
            }
            for method, gain in choice.gains.items()
        ],
    }
