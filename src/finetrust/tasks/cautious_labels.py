"""Sets of labels that miss no more of the true ones than was promised."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.tasks.caution import Caution, Cautious
from finetrust.tasks.cautious_classes import NO_VALIDATION, TUNE_AGAIN
from finetrust.trust.accuracy.conformal.label_sets import label_threshold_kept


def cautious_labels(
    labels: Sequence[str], calibration: Mapping[str, Any], caution: Caution
) -> Cautious:
    """Return what adds ``set`` to answers: labels, the most probable first.

    Raises
    ------
    UserError
        If a risk is asked for, or the validation data are missing or too few.
    """
    if caution.max_risk is not None or caution.coverage is None:
        raise UserError(
            "--max-risk takes one class for each input, and this model gives any number of labels",
            "Ask for a set: --set --coverage 0.9.",
        )
    if caution.method != "lac":
        raise UserError(
            f"the set method '{caution.method}' takes one class for each input, and this model gives "
            "any number of labels",
            "Leave --set-method out.",
        )
    if "label_misses" not in calibration:
        raise UserError(NO_VALIDATION, TUNE_AGAIN)
    least = label_threshold_kept(calibration["label_misses"], caution.coverage)

    def add(logits: Tensor) -> list[dict[str, Any]]:
        return [_set_of(row, labels, least) for row in logits.double().cpu()]

    return add


def _set_of(logits: Tensor, labels: Sequence[str], least: float) -> dict[str, Any]:
    if not torch.isfinite(logits).all():
        return {}
    ranked = logits.argsort(descending=True, stable=True).tolist()
    return {"set": [labels[i] for i in ranked if float(logits[i]) >= least]}
