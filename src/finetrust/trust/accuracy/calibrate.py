"""What is fitted on validation predictions and applied to every later output."""

from typing import Any

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.temperature import fit_temperature


def calibrate(validation: Predictions) -> dict[str, Any]:
    """Return the calibration fitted on validation predictions; empty where there are no logits."""
    if "logits" not in validation:
        return {}
    temperature = fit_temperature(validation["logits"], validation["target"])
    return {"temperature": temperature, "n": len(validation)}
