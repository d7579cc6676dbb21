"""finetrust.check_gates: whether a run meets requirements, judged on confidence bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.api.run import Run
from finetrust.core.errors import UserError
from finetrust.gates.files import remove_gates, write_gates
from finetrust.gates.gate import Gate, GatesResult, Outcome
from finetrust.gates.gates_file import gates_of_file, gates_of_text
from finetrust.gates.judge import judged, judged_beside, without_value
from finetrust.gates.known_measures import check
from finetrust.gates.requirement import Versus
from finetrust.gates.selected import selected
from finetrust.report.judged import counted_items
from finetrust.trust.comparison.differences import Test, difference, unpaired_difference

GatesSource = str | Path | Mapping[str, Any]


def check_gates(run: Run | str | Path, gates: GatesSource) -> GatesResult:
    """Judge an evaluated run by gates, without evaluating it again.

    Writes ``gates.xml`` (JUnit), ``gates.md`` and ``gates.json`` to the run folder.

    Parameters
    ----------
    run : Run, str or Path
        An evaluated run.
    gates : str, Path or mapping
        YAML file of gates, or what one holds: ``{"accuracy": "> 0.9"}``.

    Returns
    -------
    GatesResult

    Raises
    ------
    UserError
        If the run was not evaluated, or a gate cannot be meant as it is written.
    """
    evaluated = EvaluatedRun.open(run)
    found = read_gates(gates, evaluated.data.get("classes") or ())
    return judge_gates(evaluated.run, found)


def read_gates(source: GatesSource | None, classes: Sequence[str] = ()) -> tuple[Gate, ...]:
    """Return gates whose measures and runs are known to exist; none for None.

    Parameters
    ----------
    source : str, Path or mapping, optional
    classes : sequence of str
        The classes of the model, where they are known.

    Raises
    ------
    UserError
        For the first gate that cannot be meant as it is written, with file and line.
    """
    if source is None:
        return ()
    if isinstance(source, Mapping):
        text = yaml.safe_dump(dict(source), sort_keys=False, allow_unicode=True)
        gates, home = gates_of_text(text, "gates"), Path()
    else:
        gates, home = gates_of_file(Path(source)), Path(source).parent
    check_classes(gates, classes)
    return tuple(_found(gate, home) for gate in gates)


def check_classes(gates: Sequence[Gate], classes: Sequence[str]) -> None:
    """Raise UserError for the first gate that names a measure or a class that there is not."""
    for gate in gates:
        check(gate, classes)


def judge_gates(run: Run, gates: Sequence[Gate]) -> GatesResult:
    """Judge the last evaluation of a run and keep what came of it; without gates nothing is kept.

    Raises
    ------
    UserError
        If a gate names a part of the data that there is not.
    """
    remove_gates(run.folder)
    if not gates:
        return GatesResult(str(run.path), "", ())
    evaluated = EvaluatedRun.open(run)
    profile = evaluated.profile
    baselines = _Baselines(evaluated)
    result = GatesResult(
        str(run.path),
        f"{profile.data.get('name')}, {profile.data.get('split') or 'test'} split, "
        f"{counted_items(profile, int(profile.data.get('n') or 0))}",
        tuple(outcome for gate in gates for outcome in _outcomes(gate, evaluated, baselines)),
    )
    write_gates(run.folder, result)
    return result


def _outcomes(gate: Gate, evaluated: EvaluatedRun, baselines: "_Baselines") -> list[Outcome]:
    requirement = gate.requirement
    outcomes = []
    for measure in selected(gate, evaluated.profile):
        if not measure.applies:
            outcome = without_value(gate, measure.key, measure.reason or "it has no value")
        elif isinstance(requirement, Versus):
            reference, test, caveat = baselines.of(requirement.run)
            same = (m for m in reference.profile.measures if m.key == measure.key)
            theirs = next(same, None)
            if theirs is None or not theirs.applies:
                why = theirs.reason if theirs is not None else None
                said = f"{requirement.run} has no such measure" + (f": {why}" if why else "")
                outcome = without_value(gate, measure.key, said)
            else:
                found = difference(evaluated.name, theirs, measure, test)
                outcome = judged_beside(gate, requirement, found, caveat)
        else:
            outcome = judged(gate, requirement, measure)
        outcomes.append(outcome)
    return outcomes


class _Baselines:
    """The runs that gates compare with, each read once."""

    def __init__(self, evaluated: EvaluatedRun) -> None:
        self._evaluated = evaluated
        self._known: dict[str, tuple[EvaluatedRun, Test, str]] = {}

    def of(self, path: str) -> tuple[EvaluatedRun, Test, str]:
        """Return the run, how it is compared with, and why not in pairs where that is so."""
        if path not in self._known:
            reference = EvaluatedRun.open(path)
            found: tuple[EvaluatedRun, Test, str]
            try:
                found = reference, reference.paired_with(self._evaluated), ""
            except UserError as error:
                found = reference, unpaired_difference, error.found
            self._known[path] = found
        return self._known[path]


def _found(gate: Gate, home: Path) -> Gate:
    """Return a gate whose other run is known to be evaluated; it may be named from the gates file."""
    requirement = gate.requirement
    if not isinstance(requirement, Versus):
        return gate
    beside = home / requirement.run
    if not Path(requirement.run).exists() and beside.exists():
        requirement = replace(requirement, run=str(beside))
    try:
        EvaluatedRun.open(requirement.run)
    except UserError as error:
        raise UserError(f"{gate.where}: {error.found}", error.mend) from None
    return replace(gate, requirement=requirement)
