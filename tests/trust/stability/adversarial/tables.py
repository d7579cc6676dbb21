"""Tables of attacks as the trial yields them, for the contract that every measure keeps."""

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.stability.adversarial.grids import Grid, grid_of
from finetrust.trust.stability.adversarial.sweep import Sweep
from finetrust.trust.stability.adversarial.trial import columns_of

TRIAL = "adversarial"


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return what attacks found about the clean items, most of which they broke."""
    return {norm: _table(clean, grid_of(norm, 32, 32), norm) for norm in ("linf", "l2")}


def _table(clean: Predictions, grid: Grid, norm: str) -> Predictions:
    rng = np.random.default_rng(len(norm))
    n = len(clean)
    target = clean["target"]
    answer = np.where(rng.random(n) < 0.9, target, target + 1)
    smallest = np.exp(rng.uniform(*np.log([grid.sizes[0] / 2, grid.sizes[-1]]), n))
    smallest[rng.random(n) < 0.05] = np.inf
    found = Sweep(
        answer=answer,
        smallest=np.where(answer == target, smallest, 0.0),
        broken_by=np.where(np.isfinite(smallest), "apgd-ce", ""),
        single_step=rng.random(n) < 0.8,
        multi_step=rng.random(n) < 0.9,
        zero_gradient=rng.random(n) < 0.1,
        boundless=rng.random(n) < 0.9,
        black_box=rng.random(n) < 0.1,
    )
    return Predictions(clean.ids, columns_of(found, target, grid), perturbation=norm)
