"""What speaks for and against each explanation method, one row a method, read from measures alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from finetrust.core.measure import Measure

_WEIGHTS = "weight_randomisation"


@dataclass(frozen=True)
class SanityRow:
    """A method.

    Parameters
    ----------
    method, title : str
        Its registered name, and what a reader knows it as.
    chosen : bool
        Whether it is the one that explains.
    gain : float or None
        Mean area under the insertion curve less that under the deletion curve, on validation data.
    verdict : str
        ``"changes with the weights"``, ``"not to be believed"`` or ``"unclear"``.
    believed : bool or None
        False where it is not to be believed; None where that is not decided.
    strengths_change : bool or None
        The same for the absolute values of the maps. False where the map is believed: mostly the signs
        change with the weights, and where a map is strong is the image more than the network.
    weights, labels, stability, sensitivity, completeness : Measure or None
        None where there is no figure.
    """

    method: str
    title: str
    chosen: bool
    gain: float | None
    verdict: str
    believed: bool | None
    strengths_change: bool | None
    weights: Measure | None
    labels: Measure | None
    stability: Measure | None
    sensitivity: Measure | None
    completeness: Measure | None


def sanity_table(measures: Iterable[Measure]) -> tuple[SanityRow, ...]:
    """Return a row for each candidate: the method that explains first, then by gain.

    Empty where the explanations were not put to the test.
    """
    by_method = {
        (measure.name, str(measure.details["method"])): measure
        for measure in measures
        if "method" in measure.details and not measure.subset.startswith("change=")
    }
    rows = [
        _row(method, measure, by_method)
        for (name, method), measure in by_method.items()
        if name == _WEIGHTS
    ]
    return tuple(sorted(rows, key=_order))


def _row(method: str, weights: Measure, known: dict[tuple[str, str], Measure]) -> SanityRow:
    details = weights.details
    return SanityRow(
        method,
        str(details["title"]),
        bool(details["chosen"]),
        details["gain"],
        str(details["verdict"]),
        details["believed"],
        details.get("strengths_change"),
        weights,
        known.get(("label_randomisation", method)),
        known.get(("explanation_stability", method)),
        known.get(("explanation_sensitivity", method)),
        known.get(("completeness_error", method)),
    )


def _order(row: SanityRow) -> tuple[bool, bool, float, str]:
    return not row.chosen, row.gain is None, -(row.gain or 0.0), row.method
