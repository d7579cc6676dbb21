"""Which measures a gate may name, before anything is measured."""

from collections.abc import Sequence

from finetrust.core.errors import UserError
from finetrust.core.measure import MeasureDefinition, measures
from finetrust.core.nearest import did_you_mean
from finetrust.gates.gate import Gate
from finetrust.gates.requirement import Bound

PREFIXES = ("worst_group.", "group_gap.", "worst_slice.")


def check(gate: Gate, classes: Sequence[str] = ()) -> None:
    """Raise UserError if a gate names no measure, cannot be meant as written, or no such class.

    Parameters
    ----------
    gate : Gate
    classes : sequence of str
        The classes of the model, where they are known.
    """
    definition = definition_of(gate)
    requirement = gate.requirement
    limit = requirement.limit if isinstance(requirement, Bound) else abs(requirement.gain)
    if definition.unit == "%" and not requirement.percent and abs(limit) > 1:
        raise UserError(
            f"{gate.where}: {gate.key} is a share from 0 to 1, not {limit:g}",
            f"Write '{limit:g} %' or '{limit / 100:g}'.",
        )
    kind, _, value = gate.subset.partition("=")
    if kind == "class" and classes and not gate.is_pattern and value not in classes:
        raise UserError(
            f"{gate.where}: the model has no class '{value}'",
            did_you_mean(value, classes) or f"Known: {', '.join(classes[:20])}.",
        )


def definition_of(gate: Gate) -> MeasureDefinition:
    """Return the definition of the measure that a gate is on, of its base for a worst group.

    Raises
    ------
    UserError
        If there is no such measure; the nearest name is suggested.
    """
    names = measures.names()
    if gate.name in names:
        return measures.get(gate.name)
    prefix = next((p for p in PREFIXES if gate.name.startswith(p)), "")
    base = gate.name.removeprefix(prefix)
    if prefix and base in names:
        return measures.get(base)
    suggested = did_you_mean(base, names)
    if prefix:
        suggested = suggested.replace("'", f"'{prefix}", 1)
    raise UserError(
        f"{gate.where}: unknown measure '{gate.name}'",
        suggested or f"Known: {', '.join(names)}; and with {', '.join(PREFIXES)} before them.",
    )
