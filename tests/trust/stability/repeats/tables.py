"""Tables of repeats in each of which some answers are others, as tests of measures need them."""

from dataclasses import replace

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.stability.repeats.retrained import KINDS

TRIAL = "repeats"


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return three repeats of each kind."""
    rng = np.random.default_rng(8)
    found = {}
    for kind in KINDS:
        for number in (1, 2, 3):
            logits = clean["logits"] + rng.normal(0, 2, clean["logits"].shape)
            columns = {**clean.columns, "logits": logits}
            found[f"{kind}-{number}"] = replace(clean, columns=columns)
    return found
