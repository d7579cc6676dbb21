"""Made-up tables of the trial of localisation, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "localisation"


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return figures of two thirds of the items; where the model has no answer there is no map."""
    rng = np.random.default_rng(7)
    n = len(clean)
    unanswered = ~np.isfinite(clean["logits"]).all(axis=1)
    columns = {"area": rng.uniform(0.05, 0.4, n)}
    for name, strength in (("explanation", 0.9), ("random", 0.2), ("edges", 0.5), ("centre", 0.6)):
        columns[f"{name}.pointing"] = (rng.random(n) < strength).astype(float)
        columns[f"{name}.energy"] = rng.beta(4 * strength, 4 * (1 - strength), n)
        columns[f"{name}.iou"] = rng.beta(3 * strength, 3 * (1 - strength), n)
    for name in ("pointing", "energy", "iou"):
        columns[f"explanation.{name}"][unanswered] = np.nan
    table = Predictions(clean.ids, columns, clean.split, "localisation")
    return {"localisation": table.take(rng.permutation(n)[: -(-2 * n // 3)])}
