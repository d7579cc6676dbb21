"""Certified accuracy: right answers that provably hold within a Euclidean distance."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import bootstrap_share, wilson
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.stability.smoothing.certify import largest_radius

REFERENCE = "Cohen, Rosenfeld & Kolter 2019, arXiv:1902.02918, section 4"
RADII = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
MAIN = 0.25
NOISE = (
    "The smoothed network answers what the network says most often about copies of an image with "
    "Gaussian noise, of which the standard deviation is a quarter of the range of a colour value."
)


@measure(
    "certified_accuracy",
    axis="stability",
    topic="attack",
    title="Accuracy that is certified against any change",
    better="higher",
    method=f"{NOISE} Share of items with the right answer and a proof that no change of a Euclidean length "
    "below 0.25, and below, below other radii, turns it into another one. The exact Clopper-Pearson bound "
    "behind each proof fails for one item in 1,000 at most; where the copies disagree too much, nothing "
    "is certified. Wilson interval. Of a random sample of the items where n is less than all.",
    meaning="The share of right answers that no attack whatever within a small distance can turn, of the "
    "network with noise added.",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
    share=True,
)
def certified_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share at the radius 0.25, then at each radius; the details hold the curve."""
    table = _table(evidence)
    right = table["certified"] == table["target"]
    held = {radius: right & (table["radius"] >= radius) for radius in RADII}
    kept = np.array([holds.sum() for holds in held.values()])
    low, high = wilson(kept, len(table))
    curve = {
        "radius": list(RADII),
        "accuracy": (kept / len(table)).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "sigma": float(table["sigma"][0]),
        "alpha": float(table["alpha"][0]),
        "draws": int(table["draws"][0]),
        "largest": _largest_radius(table),
    }
    yield _share(evidence, table, held[MAIN], "", curve)
    for radius, holds in held.items():
        yield _share(evidence, table, holds, f"radius={radius:g}", {})


@measure(
    "smoothed_accuracy",
    axis="stability",
    topic="attack",
    title="Accuracy of the smoothed network",
    better="higher",
    method=f"{NOISE} Share of items for which that is right; where the most frequent answer is not clear "
    "(binomial test at 0.001) it abstains, which counts as not right. Below, how often it abstains. "
    "Wilson interval.",
    reference=REFERENCE,
    unit="%",
    needs=("logits",),
    share=True,
    secondary=True,
)
def smoothed_accuracy(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of right answers; the details hold the share of abstentions."""
    table = _table(evidence)
    abstained = float((table["answer"] < 0).mean())
    right = table["answer"] == table["target"]
    yield _share(evidence, table, right, "", {"abstained": abstained})


@measure(
    "average_certified_radius",
    axis="stability",
    topic="attack",
    title="Average certified radius",
    better="higher",
    method=f"{NOISE} Mean over the items of the Euclidean distance within which the right answer is proven "
    "to hold; 0 where the answer is wrong or nothing is certified. BCa bootstrap over items.",
    reference="Zhai et al. 2020, arXiv:2001.02378, equation 5",
    needs=("logits",),
    secondary=True,
)
def average_certified_radius(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean."""
    table = _table(evidence)
    radius = np.where(table["certified"] == table["target"], table["radius"], 0.0)
    most = _largest_radius(table)
    low, high = (end * most for end in bootstrap_share(radius / most, evidence.seed))
    replicates = partial(_replicates, evidence, table.ids, radius)
    yield Estimate(float(radius.mean()), low, high, len(radius), replicates=replicates)


def _table(evidence: Evidence) -> Predictions:
    (table,) = evidence.tables("smoothing").values()
    return table


def _largest_radius(table: Predictions) -> float:
    return largest_radius(*(table[name][0] for name in ("draws", "sigma", "alpha")))


def _share(
    evidence: Evidence, table: Predictions, holds: np.ndarray, subset: str, details: dict
) -> Estimate:
    low, high = wilson(holds.sum(), len(holds))
    return Estimate(
        float(holds.mean()), float(low), float(high), len(holds), subset, details,
        replicates=partial(_replicates, evidence, table.ids, holds.astype(float)),
        secondary=bool(subset),
    )  # fmt: skip


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
