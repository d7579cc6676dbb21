"""Made-up tables of the trial of numerics, for the tests of all measures."""

import numpy as np

from finetrust.core.predictions import Predictions

TRIAL = "numerics"


def tables(clean: Predictions) -> dict[str, Predictions]:
    """Return the clean outputs, some with noise; one variant could not run."""
    rng = np.random.default_rng(6)

    def table(name: str, noise: float) -> Predictions:
        logits = clean["logits"] + noise * rng.normal(size=clean["logits"].shape)
        columns = {"target": clean["target"], "logits": logits}
        return Predictions(clean.ids, columns, clean.split, name)

    why = np.full(len(clean), "it is not installed")
    return {
        "fp32": table("fp32", 0),
        "bf16": table("bf16", 0.5),
        "batch_of_one": table("batch_of_one", 1e-6),
        "onnx": Predictions(clean.ids, {"reason": why}, clean.split, "onnx"),
    }
