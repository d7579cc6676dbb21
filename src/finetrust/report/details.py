"""What the details of measures hold that can be drawn, whatever the measures are called."""

from collections.abc import Iterable, Mapping
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
    return [m for m in profile.measures if m.applies and is_confusion(m.details)]


def is_confusion(details: Mapping[str, Any]) -> bool:
    """Return whether details hold a confusion matrix and the names of its classes."""
    rows, classes = details.get("confusion"), details.get("classes")
    if not isinstance(rows, list) or not isinstance(classes, list) or not rows:
        return False
    square = [row for row in rows if isinstance(row, list) and len(row) == len(rows)]
    return len(square) == len(classes) == len(rows) and all(map(_is_number, square[0]))


def numbers_in(details: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of numbers in some details; empty if there is none."""
    found = details.get(key)
    return found if isinstance(found, list) and all(map(_is_number, found)) else []


def curves_in(details: Mapping[str, Any], x: str, y: str) -> dict[str, Mapping[str, Any]]:
    """Return the curves in some details by their name: mappings with two sequences called `x` and `y`.

    They are the details themselves, or one of their values, or lie in one of these (a list or a
    mapping), where they are called by their key or by the class that they hold.
    """
    if _is_curve(details, x, y):
        return {"": details}
    found: dict[str, Mapping[str, Any]] = {}
    for key, value in details.items():
        members = _members(value)
        if _is_curve(value, x, y):
            members = {key: value}
        for name, curve in members.items():
            if _is_curve(curve, x, y):
                found[str(curve.get("class", name))] = curve
    return found


def number_in(details: Mapping[str, Any], key: str) -> float | None:
    """Return a number in some details, or None."""
    value = details.get(key)
    return float(value) if isinstance(value, int | float) else None


def interval_in(details: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """Return an interval in some details, or None."""
    bounds = details.get(key)
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(_is_number, bounds)):
        return None
    return float(bounds[0]), float(bounds[1])


def rows_in(details: Mapping[str, Any], key: str, *columns: str) -> list[Mapping[str, Any]]:
    """Return the rows of a table in some details: mappings that have all of the columns."""
    rows = details.get(key)
    if not isinstance(rows, list | tuple):
        return []
    return [row for row in rows if isinstance(row, Mapping) and all(c in row for c in columns)]


def suspects_in(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the items in some details whose label is probably wrong."""
    return rows_in(details, "suspects", "id", "label", "suggested")


def part_told_of(measure: Measure) -> str:
    """Return which part of the data the value of a whole measure comes from, if its details say so."""
    told = {
        key: str(measure.details.get(key) or "") for key in ("column", "group", "best", "worst")
    }
    if told["column"] and told["group"]:
        return f"{told['column']} {told['group']}"
    if told["column"] and told["best"] and told["worst"]:
        return f"{told['column']}: {told['best']} against {told['worst']}"
    return str(measure.details.get("slice") or measure.subset)


def severity_tables(measures: Iterable[Measure]) -> list[Measure]:
    """Return the measures whose details hold their value by kind and severity of a disturbance."""
    return [m for m in measures if not m.subset and m.applies and _is_severity_table(m.details)]


def _is_diagram(value: Any) -> bool:
    return isinstance(value, Mapping) and all(key in value for key in _BINS)


def _members(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


def _is_curve(value: Any, x: str, y: str) -> bool:
    if not isinstance(value, Mapping):
        return False
    points = [value.get(key) for key in (x, y)]
    return all(isinstance(of, list) and of and all(map(_is_number, of)) for of in points)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_severity_table(details: Mapping[str, Any]) -> bool:
    return bool(details) and all(
        isinstance(row, Mapping) and row and all(str(severity).isdigit() for severity in row)
        for row in details.values()
    )
