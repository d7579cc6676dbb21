"""The share of the heat that lies in a region, over items."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate
from finetrust.trust.accuracy.intervals import bootstrap_share
from finetrust.trust.stability.corruption_replicates import shared_means


def heat_share(
    evidence: Evidence,
    ids: np.ndarray,
    shares: np.ndarray,
    even: np.ndarray,
    details: Mapping[str, Any],
) -> Estimate:
    """Return the mean share; the details also hold ``even`` and ``without_figure``.

    Parameters
    ----------
    evidence : Evidence
    ids : str array (n,)
    shares : float array (n,)
        In [0, 1]; NaN for items without heat.
    even : float array (n,)
        The share of the pixels: what a heat that is the same everywhere would have.
    details : mapping

    Raises
    ------
    NotApplicable
        If no item has any heat.
    """
    known = np.isfinite(shares)
    if not known.any():
        raise NotApplicable("no heat map has any positive heat")
    values = np.clip(shares[known].astype(float), 0, 1)
    low, high = bootstrap_share(values, evidence.seed)
    return Estimate(
        float(values.mean()),
        low,
        high,
        len(values),
        details={
            "even": float(even[known].mean()),
            "without_figure": int((~known).sum()),
            **details,
        },
        replicates=partial(_replicates, evidence, ids[known], values),
    )


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
