"""Gates judged on confidence bounds: a requirement is met where the whole interval meets it."""

from finetrust.core.comparison import Difference
from finetrust.core.measure import Measure
from finetrust.gates.gate import Gate, Outcome, Status
from finetrust.gates.items_needed import items_needed
from finetrust.gates.requirement import Bound, Versus
from finetrust.report.numbers import SPACE, count, interval, quantity
from finetrust.report.signed import signed, signed_interval

_WITHIN = {
    "passed": "The whole {} is {}.",
    "failed": "Nothing in the {} is {}.",
    "not shown": "Only a part of the {} is {}.",
}
_GAINS = {
    "passed": "All of it is enough.",
    "failed": "Nothing in it is enough.",
    "not shown": "Only a part of it is enough.",
}


def status_of(bound: Bound, low: float, high: float) -> Status:
    """Return what an interval says of a requirement.

    "passed" where both ends meet it, "failed" where neither does, and "not shown" where it holds at
    one end only: the data do not suffice.
    """
    met = bound.holds(low), bound.holds(high)
    if all(met):
        return "passed"
    return "not shown" if any(met) else "failed"


def judged(gate: Gate, bound: Bound, measure: Measure) -> Outcome:
    """Return what comes of a bound on a measure that has a value."""
    value, low, high = measure.value, measure.ci_low, measure.ci_high
    assert value is not None
    assert low is not None
    assert high is not None
    status = status_of(bound, low, high)
    between = f"95{SPACE}% interval {interval(low, high, measure.unit)}"
    said = _WITHIN[status].format(between, bound)
    if status == "not shown":
        needed = items_needed(bound, value, (low, high), measure.n, measure.share)
        said += " " + _more_items(measure.n, needed, quantity(value, measure.unit))
    return Outcome(
        measure.key, str(bound), status, said, value, low, high, measure.n, measure.unit,
        gate.reason, gate.where,
    )  # fmt: skip


def judged_beside(gate: Gate, versus: Versus, difference: Difference, caveat: str) -> Outcome:
    """Return what comes of a comparison with another run.

    Parameters
    ----------
    gate : Gate
    versus : Versus
    difference : Difference
        Of the run from the other.
    caveat : str
        Why the two are not compared in pairs, if they are not.
    """
    value, low, high = difference.gain
    status = status_of(versus.bound, low, high)
    unit = difference.unit
    said = (
        f"{quantity(difference.value, unit)} against {quantity(difference.reference, unit)}: the gain "
        f"is {signed(value, unit)}, its 95{SPACE}% interval {signed_interval(low, high, unit)}. "
        f"{_GAINS[status]}"
    )
    if status == "not shown":
        needed = items_needed(versus.bound, value, (low, high), difference.n, False)
        said += " " + _more_items(difference.n, needed, signed(value, unit))
    if caveat:
        said += f" Not compared item by item: {caveat}."
    return Outcome(
        difference.key, str(versus), status, said, value, low, high, difference.n, difference.unit,
        gate.reason, gate.where, True,
    )  # fmt: skip


def without_value(gate: Gate, key: str, reason: str) -> Outcome:
    """Return what comes of a gate on a measure that has no value: it is not met."""
    said = f"There is no value: {reason}."
    return Outcome(
        key, str(gate.requirement), "not applicable", said, reason=gate.reason, where=gate.where
    )


def _more_items(n: int, needed: int | None, value: str) -> str:
    if needed is None:
        return f"More items would not help: {value} is not enough itself."
    return f"{count(n)} items do not suffice; about {count(needed)} would, if it stays {value}."
