"""What the details of measures hold that can be drawn, whatever the measures are called."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile

CALIBRATION = {"before": "Before calibration", "after": "After calibration"}
_BINS = ("edges", "confidence", "accuracy", "count")


def calibration_measures(profile: TrustProfile) -> list[Measure]:
    """Return the measures of confidence: those whose details hold a reliability diagram."""
    return [m for m in profile.axis("accuracy") if not m.subset and m.applies and diagrams_of(m)]


def diagrams_of(measure: Measure) -> dict[str, Mapping[str, Any]]:
    """Return the bins of the reliability diagrams of a measure by their title."""
    found = {key: bins for key, bins in measure.details.items() if _is_diagram(bins)}
    if len(found) == 1:
        return {"Confidence as the model states it": next(iter(found.values()))}
    return {CALIBRATION.get(key, key): bins for key, bins in found.items()}


def calibrated_bins(measure: Measure) -> Mapping[str, Any]:
    """Return the bins of the confidence that a user is shown: after calibration, if there was one."""
    return list(diagrams_of(measure).values())[-1]


def confusions(profile: TrustProfile) -> list[Measure]:
    """Return the measures whose details hold a confusion matrix and the names of its classes."""
    return [m for m in profile.measures if m.applies and _is_confusion(m.details)]


def severity_tables(profile: TrustProfile) -> list[Measure]:
    """Return the measures whose details hold their value by kind and severity of a disturbance."""
    return [
        m
        for m in profile.axis("stability")
        if not m.subset and m.applies and _is_severity_table(m.details)
    ]


def _is_diagram(value: Any) -> bool:
    return isinstance(value, Mapping) and all(key in value for key in _BINS)


def _is_confusion(details: Mapping[str, Any]) -> bool:
    rows, classes = details.get("confusion") or (), details.get("classes") or ()
    return 0 < len(rows) == len(classes)


def _is_severity_table(details: Mapping[str, Any]) -> bool:
    return bool(details) and all(
        isinstance(row, Mapping) and row and all(str(severity).isdigit() for severity in row)
        for row in details.values()
    )
