"""How far the accuracy falls when a layer is taken from all images."""

from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.interpretability.shortcuts.found import found_shortcuts
from finetrust.trust.interpretability.shortcuts.judgement import Share
from finetrust.trust.stability.corruption_replicates import shared_means


def layer_estimate(evidence: Evidence, column: str) -> Estimate:
    """Return the fall of the accuracy from the untouched images to those without a layer.

    The details hold ``accuracy`` and ``without``, both with interval and n.

    Parameters
    ----------
    evidence : Evidence
    column : str
        Of the table of shortcuts: which answers are right without the layer.
    """
    found = found_shortcuts(evidence)
    with_it = found.judged.predicted == found.judged.targets
    without = found.table[column].astype(bool)
    lost, gained = int((with_it & ~without).sum()), int((without & ~with_it).sum())
    n = len(with_it)
    low, high = paired_difference(lost, gained, n)
    change = (with_it.astype(float) - without)[:, None]
    return Estimate(
        (lost - gained) / n,
        low,
        high,
        n,
        details={"accuracy": vars(Share.of(with_it)), "without": vars(Share.of(without))},
        replicates=partial(_replicates, evidence, found.table.ids, change),
    )


def _replicates(evidence: Evidence, ids: np.ndarray, change: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, change)[:, 0]
