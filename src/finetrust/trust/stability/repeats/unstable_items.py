"""Unstable items: those whose answer depends on how the model happened to be trained.

Entropy and disagreement of the decisions of several models (Shannon 1948; Gini 1912).
"""

from collections.abc import Iterator

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.stability.repeats.retrained import Retrained, retrained_of

ITEMS_SHOWN = 50


@measure(
    "unstable_items",
    axis="stability",
    topic="retrained",
    title="Items that are not answered alike by all repeats",
    better="lower",
    method="Share of items (n counts them) that the run and all its repeats do not answer alike. It "
    "grows with the number of repeats, which the details tell: compare runs with as many. Wilson "
    "interval over items, for these models.",
    reference="Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x, section 6",
    unit="%",
    needs=("target", "logits|predicted_class"),
    share=True,
    meaning="How many answers hang on chance in training, of one kind or another.",
    secondary=True,
)
def unstable_items(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share over all models.

    The details hold the number of ``models``, the mean ``entropy`` (in nats) and ``disagreement`` (the
    chance that two draws of a model differ) of an item's decisions, and the least stable ``items``.
    """
    found = retrained_of(evidence)
    entropy, disagreement = instability(found.everyone)
    unstable = entropy > 0
    low, high = wilson(unstable.sum(), len(unstable))
    order = np.argsort(-entropy, kind="stable")[:ITEMS_SHOWN]
    details = {
        "models": len(found.everyone),
        "entropy": float(entropy.mean()),
        "disagreement": float(disagreement.mean()),
        "items": [
            _told(found, int(row), float(entropy[row]), evidence.classes)
            for row in order
            if unstable[row]
        ],
    }
    yield Estimate(float(unstable.mean()), float(low), float(high), len(unstable), "", details)


def instability(decisions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the entropy and the disagreement of the decisions on each item.

    Parameters
    ----------
    decisions : int array (models, n)

    Returns
    -------
    entropy : float array (n,)
        In nats; exactly 0 where all agree.
    disagreement : float array (n,)
        One minus the sum of the squared shares of the classes.
    """
    m = len(decisions)
    # How many models decide as this one does: each class is summed over once for every such model.
    alike = (decisions[:, None] == decisions[None]).sum(axis=1) / m
    entropy = -np.log(alike).mean(axis=0)
    return np.where((decisions == decisions[0]).all(axis=0), 0.0, entropy), 1 - alike.mean(axis=0)


def _told(found: Retrained, row: int, entropy: float, classes: tuple[str, ...]) -> dict:
    def name(index: int) -> str:
        if index == NO_ANSWER:
            return "no answer"
        return classes[index] if index < len(classes) else str(index)

    values, counts = np.unique(found.everyone[:, row], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {
        "id": str(found.ids[row]),
        "target": name(int(found.target[row])),
        "run": name(int(found.run[row])),
        "answers": {name(int(values[i])): int(counts[i]) for i in order},
        "entropy": entropy,
    }
