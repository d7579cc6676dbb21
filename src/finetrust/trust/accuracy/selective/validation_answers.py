"""The model's own answers for validation data, on which thresholds are chosen."""

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import Answers


@once
def validation_answers_of(evidence: Evidence) -> Answers:
    """Return the answers for validation data, with the probabilities before calibration.

    Raises
    ------
    NotApplicable
        If there are no validation data, or none with an answer.
    """
    validation = evidence.validation
    if validation is None or len(validation) == 0 or "logits" not in validation:
        raise NotApplicable("there are no predictions for validation data to choose a threshold on")
    return Answers.of(validation, {})
