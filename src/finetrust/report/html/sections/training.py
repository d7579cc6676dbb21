"""Training: what was trained on what, in which phases."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.numbers import count, duration, sentence_list
from finetrust.report.report_data import ReportData
from finetrust.report.training_facts import epochs_run, starting_weights, training_seconds

SPLITS = {"n_train": "training", "n_val": "validation", "n_test": "test"}


@section("training", order=30, title="What was trained on what")
def training(data: ReportData) -> Markup | None:
    """Return the model with its provenance, the data, and the phases of training."""
    if not data.model:
        return None
    return fill(
        "sections/training.html.j2",
        data=data,
        facts=[*_model_facts(data.model), *_training_facts(data)],
        phases=list(zip(data.phases, epochs_run(data), strict=True)),
    )


def _model_facts(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("Architecture", str(model.get("architecture", "unknown"))),
        ("Weights from", starting_weights(model) or "unknown"),
        ("SHA-256 of the weights", str(model.get("sha256", "unknown"))),
        ("Licence of the weights", str(model.get("licence", "unknown"))),
    ]
    if model.get("parameters"):
        facts.append(("Parameters", count(model["parameters"])))
    if model.get("preprocessing"):
        facts.append(("Preprocessing", _preprocessing(model["preprocessing"])))
    if model.get("notes"):
        facts.append(("While loading", "; ".join(str(note) for note in model["notes"])))
    return facts


def _preprocessing(how: Mapping[str, Any]) -> str:
    def numbers(values: Sequence[float]) -> str:
        return ", ".join(f"{value:g}" for value in values)

    return (
        f"shorter side to {how.get('resize')} px ({how.get('interpolation')}), centre "
        f"{how.get('input_size')} px, minus mean {numbers(how.get('mean', ()))}, divided by "
        f"{numbers(how.get('std', ()))}"
    )


def _training_facts(data: ReportData) -> list[tuple[str, str]]:
    if not data.tuned:
        return [("Training", "none: the model was judged as it comes")]
    record = data.record
    sizes = [
        f"{count(record['data'][key])} {name}"
        for key, name in SPLITS.items()
        if key in record.get("data", {})
    ]
    facts = [
        ("Data", str(record.get("data", {}).get("name", "unknown"))),
        ("Items", sentence_list(sizes) or "unknown"),
        ("Classes", sentence_list([str(name) for name in record.get("classes", ())], 12)),
        ("Strategy", data.strategy),
    ]
    decisions = record.get("decisions", {})
    if decisions:
        facts.append(
            ("Computed on", f"{decisions.get('device')}, {decisions.get('training_precision')}")
        )
    temperature = record.get("calibration", {}).get("temperature")
    if temperature is not None:
        told = f"confidence divided by temperature {temperature:.2f}, fitted on validation data"
        facts.append(("Calibration", told))
    if data.phases:
        whole = f", {duration(record['seconds'])} with all checks" if "seconds" in record else ""
        facts.append(("Time", f"{duration(training_seconds(data))} for training{whole}"))
    return facts
