"""Agreement of models that were trained alike but for one thing.

Pairwise agreement of decisions (Fleiss, "Measuring nominal scale agreement among many raters",
Psychological Bulletin 76, 1971, eq. 2).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.repeats.crossed import Part, Spread, jackknife, share_interval
from finetrust.trust.stability.repeats.retrained import retrained_of


@measure(
    "prediction_agreement",
    axis="stability",
    topic="retrained",
    title="Agreement of models trained alike",
    better="higher",
    method="Share of items (n counts them) that two models answer alike which differ by one thing only "
    "(seed, order of the data, sample of the data), averaged over all such pairs, every kind of "
    "difference counting the same; a missing answer agrees with another missing one. Score interval "
    "that allows for the choice of the items and, by the jackknife, with three or more models of a "
    "kind for that of the models.",
    reference="Fleiss 1971, doi:10.1037/h0031619, eq. 2",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="How often two models of the same making give the same answer.",
    secondary=True,
)
def prediction_agreement(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over the kinds of repeat, then each kind of which there are two models."""
    groups = retrained_of(evidence).alike
    several = {kind: of for kind, of in groups.items() if len(of) > 1}
    if not several:
        raise NotApplicable("there are no two models that differ by one thing alone")
    yield _estimate(list(several.values()), "")
    for kind, of in groups.items():
        if kind in several:
            yield _estimate([of], f"repeat={kind}")
        else:
            yield Absence("there is one model of this kind; a pair takes two", f"repeat={kind}")


def agreement(decisions: np.ndarray) -> np.ndarray:
    """Return the share of pairs of models that agree on each item: float array (n,).

    Parameters
    ----------
    decisions : int array (models, n)
        At least two models.
    """
    m = len(decisions)
    pairs = sum((decisions[i] == decisions[i + 1 :]).sum(axis=0) for i in range(m - 1))
    return np.asarray(pairs / (m * (m - 1) / 2), np.float64)


def _estimate(groups: Sequence[np.ndarray], subset: str) -> Estimate:
    of_items = np.mean([agreement(group) for group in groups], axis=0)
    value, n = float(of_items.mean()), len(of_items)
    parts: list[Part] = [(float(of_items.var(ddof=1)) / n, n - 1.0)] if n > 1 else []
    for group in groups:
        if len(group) > 2:
            others = [
                float(agreement(np.delete(group, model, axis=0)).mean())
                for model in range(len(group))
            ]
            variance, df = jackknife(others)
            parts.append((variance / len(groups) ** 2, df))
    low, high = share_interval(value, Spread(parts), n)
    return Estimate(value, low, high, n, subset, {"models": [len(group) for group in groups]})
