"""Made-up tables of the trial of harmless changes, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "harmless_changes"
STEPS = ("crop.side-90", "flip.horizontal", "shift.left-1", "shift.right-1")


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return the clean outputs with noise under every change; a resize alters nothing."""
    rng = np.random.default_rng(5)
    target, logits = clean["target"], clean["logits"]

    def table(name: str, noise: float) -> Predictions:
        columns = {
            "target": target,
            "logits": logits + noise * rng.normal(size=logits.shape),
            "altered": np.full(len(clean), noise > 0),
        }
        return Predictions(clean.ids, columns, clean.split, name)

    return {**{name: table(name, 1.5) for name in STEPS}, "resize.pil-bicubic": table("same", 0)}
