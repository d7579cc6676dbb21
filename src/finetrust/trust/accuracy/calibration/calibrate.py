"""What is fitted on validation predictions and applied to every later output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.trust.accuracy.calibration.class_calibration import AUTO, fit_classes
from finetrust.trust.accuracy.calibration.methods.method import TEMPERATURE, methods

NONE = "none"
"""The calibration that fits nothing."""

EVERY = ""
"""The method of what is fitted whichever calibration is asked for, since it decides and scales not."""


@dataclass(frozen=True)
class Calibrator:
    """One fit for predictions that are not one class an item; those have `methods` to choose from.

    Parameters
    ----------
    needs : tuple of str
        Columns that the validation predictions must have.
    fit : callable
        From validation predictions to what is kept of the fit, as JSON values.
    method : str
        The calibration it is fitted for, or `EVERY`.
    """

    needs: tuple[str, ...]
    fit: Callable[[Predictions], dict[str, Any]]
    method: str = TEMPERATURE


calibrators: Registry[Calibrator] = Registry("calibrator", "finetrust.trust.accuracy")


def calibrate(validation: Predictions, method: str = TEMPERATURE) -> dict[str, Any]:
    """Return all that can be fitted on these validation predictions; empty where nothing can.

    Parameters
    ----------
    validation : Predictions
    method : str
        One of `methods`, ``"auto"`` or ``"none"``. Of predictions other than one class an item,
        ``"temperature"`` stands for the one scaling that there is.

    Returns
    -------
    dict
        JSON values: what each fit yields, and ``n``, the number of items.

    Raises
    ------
    UserError
        For another method where the predictions have no logits of classes.
    """
    fitted: dict[str, Any] = {}
    for _, calibrator in calibrators.items():
        suits = all(column in validation for column in calibrator.needs)
        if suits and calibrator.method in (method, EVERY):
            fitted |= calibrator.fit(validation)
    if "target" in validation and "logits" in validation:
        if method != NONE:
            fitted |= fit_classes(validation["logits"], validation["target"], method)
    elif method not in (TEMPERATURE, NONE):
        raise UserError(
            f"calibration '{method}' takes the logits of one class an item, and the predictions "
            "have none",
            f"Choose {TEMPERATURE} or {NONE}.",
        )
    return {**fitted, "n": len(validation)} if fitted else {}


def class_calibrations() -> tuple[str, ...]:
    """Return the calibrations there are for tasks with one class an item."""
    return *methods.names(), AUTO, NONE
