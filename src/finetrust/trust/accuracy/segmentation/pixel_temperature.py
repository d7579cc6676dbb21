"""Temperature scaling of the pixels (Guo et al. 2017, section 4.2), fitted on a sample of them."""

from typing import Any

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import Calibrator, calibrators
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.segmentation.pixels import COLUMNS, sampled_pixels


def fit_pixel_temperature(validation: Predictions) -> dict[str, Any]:
    """Return the temperature that minimises the NLL of the sampled pixels; empty without any."""
    try:
        logits, targets, _ = sampled_pixels(validation)
    except NotApplicable:
        return {}
    return {"temperature": fit_temperature(logits, targets)}


calibrators.add("pixel_temperature", Calibrator(COLUMNS, fit_pixel_temperature))
