"""Which measures of a profile a gate is on."""

from dataclasses import replace

from finetrust.core.errors import UserError
from finetrust.core.measure import Measure
from finetrust.core.nearest import did_you_mean
from finetrust.core.profile import TrustProfile
from finetrust.gates.gate import Gate
from finetrust.gates.known_measures import definition_of


def selected(gate: Gate, profile: TrustProfile) -> list[Measure]:
    """Return the measures that a gate is on; one without a value where there is none.

    Raises
    ------
    UserError
        If the measure exists, but not on the part of the data that the gate names.
    """
    if gate.key in profile:
        return [profile[gate.key]]
    same = [m for m in profile.measures if m.name == gate.name]
    parts = [m for m in same if m.subset]
    if gate.is_pattern:
        matching = [m for m in parts if gate.matches(m.subset)]
        if matching:
            return matching
    absent = next((m for m in same if not m.subset and not m.applies), None)
    if absent is not None:
        return [absent]
    if parts:
        keys = [m.key for m in parts]
        raise UserError(
            f"{gate.where}: {gate.key} was not measured",
            did_you_mean(gate.key, keys)
            or f"Known: {', '.join(keys[:20])}; or {gate.name}[*] for each of them.",
        )
    reason = "it was not measured on parts of these data" if same else _not_measured(gate)
    return [replace(definition_of(gate).not_applicable(reason), name=gate.name, subset=gate.subset)]


def _not_measured(gate: Gate) -> str:
    if gate.name.startswith(("worst_group.", "group_gap.")):
        return "it was not measured on these data; subgroups are named with --group-columns"
    return "it was not measured on these data"
