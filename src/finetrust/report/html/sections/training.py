"""Training: what was trained on what, in which phases."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.numbers import count, duration, learning_rate, promised, sentence_list
from finetrust.report.preprocessing_facts import preprocessing_in_words
from finetrust.report.report_data import ReportData
from finetrust.report.training_facts import epochs_run, starting_weights, training_seconds

SPLITS = {"n_train": "training", "n_val": "validation", "n_test": "test"}


@section("training", order=70, title="What was trained on what")
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
        facts.append(("Preprocessing", preprocessing_in_words(model["preprocessing"])))
    if model.get("notes"):
        facts.append(("While loading", "; ".join(str(note) for note in model["notes"])))
    return facts


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
        (words(data.inputs), sentence_list(sizes) or "unknown"),
        ("Strategy", data.strategy),
    ]
    if record.get("classes"):
        facts.insert(2, ("Classes", sentence_list([str(name) for name in record["classes"]], 12)))
    decisions = record.get("decisions", {})
    if decisions:
        facts.append(
            ("Computed on", f"{decisions.get('device')}, {decisions.get('training_precision')}")
        )
    tried = decisions.get("backbone_learning_rate", {}).get("tried")
    if tried:
        facts.append(("Learning rate", _tried(decisions["backbone_learning_rate"])))
    calibration = _calibration(record.get("calibration", {}))
    if calibration:
        facts.append(("Calibration", calibration))
    if data.phases:
        whole = f", {duration(record['seconds'])} with all checks" if "seconds" in record else ""
        facts.append(("Time", f"{duration(training_seconds(data))} for training{whole}"))
    return facts


def _tried(decided: Mapping[str, Any]) -> str:
    """Return which rates were tried for the pretrained layers, and which was taken."""
    rates = sentence_list([learning_rate(trial["rate"]) for trial in decided["tried"]])
    share = decided.get("disturbed", 0.0)
    inputs = f"validation data, {promised(share)} of them attacked" if share else "validation data"
    return (
        f"{learning_rate(decided['rate'])} for the pretrained layers, chosen on {inputs}, from {rates} "
        f"after {count(decided['steps'])} steps with each"
    )


def _calibration(fitted: Mapping[str, Any]) -> str:
    """Return what was fitted on validation data; ``n`` says on how many items."""
    told = [
        f"confidence divided by temperature {value:.2f}"
        if name == "temperature"
        else f"{words(name).lower()} {value:.2f}"
        for name, value in fitted.items()
        if name != "n" and isinstance(value, float)
    ]
    if fitted.get("method"):
        told.append(f"{words(str(fitted['method'])).lower()} calibration")
    if not told:
        return ""
    chosen = ", the best of several" if fitted.get("nll") else ""
    instead = f" ({fitted['fallback']})" if fitted.get("fallback") else ""
    return f"{sentence_list(told)}{chosen}, fitted on validation data{instead}"
