"""Temperature scaling of the tags of words (Guo et al. 2017, section 4.2)."""

from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.calibration.calibrate import Calibrator, calibrators
from finetrust.trust.accuracy.calibration.temperature import fit_temperature
from finetrust.trust.accuracy.tokens.tag_probabilities import words_in


def _fit(validation: Predictions) -> dict[str, float]:
    words = words_in(validation)
    return {"temperature": fit_temperature(words.log_probabilities, words.true)}


calibrators.add("tag_temperature", Calibrator(("true_tags", "tag_logits"), _fit))
