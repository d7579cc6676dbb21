"""Made-up table of the trial of concepts, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "concepts"
SETS = 8


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return a concept towards which all answers rise, and one that is no other than random images."""
    rng = np.random.default_rng(8)
    some = clean.take(np.flatnonzero(np.isfinite(clean["logits"]).all(axis=1)))
    n = len(some)
    columns = {"target": some["target"]}
    for name, slope in (("red", 0.5), ("odd.name", 0.0)):
        random = rng.normal(0, 0.1, (n, SETS))
        columns |= {
            f"{name}.slope": slope + rng.normal(0, 0.1, n),
            f"{name}.rising": rng.random(n),
            f"{name}.random": random - random.mean(axis=1, keepdims=True),
            f"{name}.examples": np.full(n, 30),
        }
    return {"sensitivity": Predictions(some.ids, columns, clean.split, "sensitivity")}
