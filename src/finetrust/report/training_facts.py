"""Facts of training as a reader sees them: for one run, and to compare several."""

from collections.abc import Mapping
from typing import Any

from finetrust.report.epochs import epochs_by_phase
from finetrust.report.numbers import count, duration
from finetrust.report.report_data import ReportData


def comparable_facts(data: ReportData) -> dict[str, str]:
    """Return what differs between runs, by its name; what is not known is left out."""
    facts = {}
    if data.model.get("source"):
        facts["Weights from"] = starting_weights(data.model)
    if data.strategy:
        facts["Strategy"] = data.strategy if data.tuned else "none (judged as it comes)"
    if data.phases:
        facts["Trainable parameters"] = count(
            max(p.get("trainable_parameters", 0) for p in data.phases)
        )
        facts["Epochs"] = " + ".join(str(n) for n in epochs_run(data))
        facts["Time for training"] = duration(training_seconds(data)) + (
            " (features cached)" if all(phase.get("cached") for phase in data.phases) else ""
        )
    if data.profile is not None:
        judged = data.profile.data
        facts["Judged on"] = f"{judged.get('n', '?')} {data.inputs}, {judged.get('split') or 'all'}"
    return facts


def starting_weights(model: Mapping[str, Any]) -> str:
    """Return where the weights come from; random ones are what is called "from scratch"."""
    source = str(model.get("source", ""))
    return "random (from scratch)" if source == "random" else source


def epochs_run(data: ReportData) -> list[int]:
    """Return how many epochs each phase ran: as logged, or else as planned."""
    logged = [len(phase.events) for phase in epochs_by_phase(data.log)]
    planned = [int(phase.get("epochs", 0)) for phase in data.phases]
    return logged if len(logged) == len(planned) else planned


def training_seconds(data: ReportData) -> float:
    """Return how long all phases took."""
    return float(sum(phase.get("seconds", 0.0) for phase in data.phases))
