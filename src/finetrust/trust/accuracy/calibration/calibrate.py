"""What is fitted on validation predictions and applied to every later output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry


@dataclass(frozen=True)
class Calibrator:
    """One fit.

    Parameters
    ----------
    needs : tuple of str
        Columns that the validation predictions must have.
    fit : callable
        From validation predictions to what is kept of the fit, as JSON values.
    """

    needs: tuple[str, ...]
    fit: Callable[[Predictions], dict[str, Any]]


calibrators: Registry[Calibrator] = Registry("calibrator", "finetrust.trust.accuracy")


def calibrate(validation: Predictions) -> dict[str, Any]:
    """Return all that can be fitted on these validation predictions; empty where nothing can."""
    fitted: dict[str, Any] = {}
    for _, calibrator in calibrators.items():
        if all(column in validation for column in calibrator.needs):
            fitted |= calibrator.fit(validation)
    return {**fitted, "n": len(validation)} if fitted else {}
