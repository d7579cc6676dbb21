"""Sets of classes, and abstention, from logits: with the thresholds that were fitted in ``tune``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.progress import say
from finetrust.tasks.caution import Caution, Cautious
from finetrust.trust.accuracy.conformal.kept_scores import class_sets, threshold_kept
from finetrust.trust.accuracy.probabilities import has_answer, log_softmax
from finetrust.trust.accuracy.selective.guaranteed_risk import RiskTable

NO_VALIDATION = "this model was tuned without validation data, on which a threshold could be chosen"
TUNE_AGAIN = "Tune it again with some (--val-fraction)."


def cautious_classes(
    classes: Sequence[str], calibration: Mapping[str, Any], caution: Caution
) -> Cautious:
    """Return what adds ``set`` (classes, most probable first) and ``abstain`` to answers.

    Parameters
    ----------
    classes : sequence of str
    calibration : mapping
        With what the calibrators ``conformal`` and ``selective`` have fitted.
    caution : Caution

    Raises
    ------
    UserError
        If the validation data are missing, or too few for what is asked.
    """
    set_limit = _set_limit(calibration, caution)
    least = _least_confidence(calibration, caution)

    def add(logits: Tensor) -> list[dict[str, Any]]:
        scores = logits.double().cpu().numpy()
        answered = np.flatnonzero(has_answer(scores))
        added: list[dict[str, Any]] = [{} for _ in scores]
        if set_limit is not None:
            found = class_sets(scores[answered], caution.method, set_limit)
            for row, held in zip(answered, found, strict=True):
                added[row]["set"] = [classes[c] for c in held]
        if least is not None:
            confidence = np.exp(log_softmax(scores[answered]).max(axis=1))
            for row, surest in zip(answered, confidence, strict=True):
                added[row]["abstain"] = bool(surest <= least)
        return added

    return add


def _set_limit(calibration: Mapping[str, Any], caution: Caution) -> float | None:
    if caution.coverage is None:
        return None
    if not {"conformal", "selective"} <= set(calibration):
        raise UserError(NO_VALIDATION, TUNE_AGAIN)
    limit = threshold_kept(calibration["conformal"][caution.method], caution.coverage)
    right = 1 - RiskTable.from_json(calibration["selective"]).error
    if right >= caution.coverage:
        say(
            f"The model is right for {right:.1%} of its validation data: sets that hold the true class "
            f"for {caution.coverage:g} need no second class. Ask for more coverage than that."
        )
    return limit


def _least_confidence(calibration: Mapping[str, Any], caution: Caution) -> float | None:
    if caution.max_risk is None:
        return None
    if "selective" not in calibration:
        raise UserError(NO_VALIDATION, TUNE_AGAIN)
    try:
        return RiskTable.from_json(calibration["selective"]).threshold_for(caution.max_risk)
    except NotApplicable as reason:
        raise UserError(str(reason), "Accept a higher risk, or tune with more data.") from reason
