"""The model card: what a user of the model must know, in Markdown with Hugging Face's front matter.

Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetrust.core.atomic import write_text
from finetrust.core.measure import Measure
from finetrust.core.run_folder import RunFolder
from finetrust.report.absent import absent, left_out
from finetrust.report.markdown import code_block, escaped, table
from finetrust.report.next_steps import next_steps
from finetrust.report.numbers import count, counted, interval_of, sentence_list, value_of
from finetrust.report.report_data import ReportData
from finetrust.report.reproduce import commands, evaluation_command
from finetrust.report.topics import primary, secondary
from finetrust.report.training_facts import epochs_run, starting_weights
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import baseline_sentence
from finetrust.report.verdicts.cautions import cautions

EXAMPLES = {"texts": "some text"}
LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "cc0-1.0", "cc-by-4.0", "unknown")


def write_model_card(folder: RunFolder) -> Path:
    """Write the model card of a run to ``model_card.md`` in its folder.

    Parameters
    ----------
    folder : RunFolder
        A finished run, evaluated or not.
    """
    path = folder.path / "model_card.md"
    data = ReportData.read(folder, with_pictures=False)
    write_text(path, render_card(data).encode("utf-8", "replace").decode("utf-8"))
    return path


def render_card(data: ReportData) -> str:
    """Return the model card as text."""
    sections = {
        "What it is": _what_it_is(data),
        "Intended use": _intended_use(data),
        "Training": _training(data),
        "Evaluation": _evaluation(data),
        "Limitations": _limitations(data),
        "Provenance": _provenance(data),
        "How to load it": _how_to_load(data),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"{_front_matter(data)}\n# {escaped(data.title)}\n\n{body}\n"


def _front_matter(data: ReportData) -> str:
    import yaml

    licence = str(data.model.get("licence", "unknown")).lower()
    known = licence in LICENCES
    facts: dict[str, Any] = {"license": licence if known else "other"}
    if not known:
        facts["license_name"] = licence
    facts |= {"library_name": "finetrust", "tags": ["finetrust", "trust-profile"]}
    task = str(data.record.get("task") or (data.profile.task if data.profile else ""))
    judged = data.profile.data.get("pipeline") if data.profile else None
    pipeline = judged or data.record.get("pipeline")
    if pipeline:
        facts["pipeline_tag"] = pipeline
    if data.profile is not None:
        metrics = [
            {"type": m.name, "name": m.title, "value": round(m.value, 6)}
            for m in primary(_whole(data.profile.measures))
            if m.value is not None
        ]
        dataset = {"type": data.data_name, "name": data.data_name}
        kind = {"type": pipeline or task, "name": pipeline or task}
        result = {"task": kind, "dataset": dataset, "metrics": metrics}
        facts["model-index"] = [{"name": data.name, "results": [result]}]
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n"


def _what_it_is(data: ReportData) -> str:
    model = data.model
    architecture = escaped(model.get("architecture", "unknown"))
    weights = escaped(starting_weights(model) or "unknown")
    if not data.tuned:
        told = f"{architecture} with weights from {weights}, judged as it comes."
    else:
        name = escaped(data.record.get("data", {}).get("name", "unknown"))
        told = (
            f"{architecture}, weights from {weights}, fine-tuned with strategy "
            f"{escaped(data.strategy)} on {name}."
        )
    classes = [escaped(name) for name in data.record.get("classes", ())]
    if not classes:
        return told
    return f"{told}\n\nIt tells {count(len(classes))} classes apart: {sentence_list(classes, 20)}."


def _intended_use(data: ReportData) -> str:
    return (
        "For inputs of the kind it was evaluated on, and with a person who can overrule it "
        "wherever a wrong answer does harm. It answers whatever it is given, also inputs unlike all "
        "that it has learned from. Evaluate any other use first: `finetrust evaluate`."
    )


def _training(data: ReportData) -> str:
    if not data.tuned:
        return "finetrust did not train this model. What it was trained on is not known here."
    facts = data.record.get("data", {})
    sizes = ", ".join(
        f"{count(facts[key])} {name}"
        for key, name in (("n_train", "training"), ("n_val", "validation"), ("n_test", "test"))
        if key in facts
    )
    told = f"Data: {escaped(facts.get('name', 'unknown'))} ({sizes or 'sizes unknown'})."
    warnings = [escaped(text) for text in (data.data_report or {}).get("warnings") or ()]
    rows = [
        [phase.get("name", ""), str(epochs), count(phase.get("trainable_parameters", 0))]
        for phase, epochs in zip(data.phases, epochs_run(data), strict=True)
    ]
    phases = table(["Phase", "Epochs", "Trainable parameters"], rows) if rows else ""
    return "\n\n".join(part for part in (told, _bullets(warnings), phases) if part)


def _evaluation(data: ReportData) -> str:
    profile = data.profile
    if profile is None:
        return "Not evaluated yet:\n\n" + code_block("sh", [evaluation_command(data)])
    judged = profile.data
    shown = primary(_whole(profile.measures))
    told = (
        f"On {count(judged.get('n', 0))} {escaped(judged.get('split') or '')} {data.inputs} of "
        f"{escaped(judged.get('name', 'unknown'))}; 95 % confidence intervals."
    )
    rows = [[m.title, value_of(m), interval_of(m), count(m.n)] for m in shown if m.applies]
    parts = [told, table(["Measure", "Value", "95 % interval", "Items"], rows)]
    more = sum(m.applies for m in secondary(_whole(profile.measures)))
    if more:
        parts.append(
            f"{counted(more, 'more measure stands', 'more measures stand')} in the report."
        )
    baseline = baseline_sentence(profile)
    if baseline:
        parts.append(escaped(baseline))
    for verdict in verdicts(profile, data.data_report):
        parts.append(f"**{verdict.title}.** " + " ".join(escaped(s) for s in verdict.sentences))
    return "\n\n".join(parts)


def _limitations(data: ReportData) -> str:
    if data.profile is None:
        return "Unknown, as long as it was not evaluated."
    found = [
        f"{step.finding} {step.remedy.replace('`', '')}"
        for step in next_steps(data.profile, data.data_report)
    ]
    warnings = [*data.profile.notes, *found, *cautions(data.profile)]
    missing = [f"{group.subject} {group.told}." for group in absent(data.profile.measures)]
    others = left_out(data.profile.measures)
    if others is not None:
        missing.append(f"{others.subject} for other tasks left out.")
    return _bullets([escaped(text) for text in [*warnings, *missing]])


def _provenance(data: ReportData) -> str:
    context = data.profile.context if data.profile else {}
    versions: Mapping[str, Any] = context.get("versions") or data.record.get("versions", {})
    made_with = ", ".join(f"{name} {number}" for name, number in versions.items())
    facts = [
        f"Weights: {starting_weights(data.model) or 'unknown'}",
        f"SHA-256 of the weights: {data.model.get('sha256', 'unknown')}",
        f"Licence of the weights: {data.model.get('licence', 'unknown')}",
        f"Evaluated: {context.get('date', 'not yet')}",
        f"Versions: {made_with or 'unknown'}",
    ]
    again = commands(data)
    block = f"\n\nTo make it again:\n\n{code_block('sh', again)}" if again else ""
    return _bullets([escaped(fact) for fact in facts]) + block


def _how_to_load(data: ReportData) -> str:
    example = EXAMPLES.get(data.inputs, "photo.jpg")
    lines = [
        "import finetrust",
        "",
        f"run = finetrust.load({data.path!r})",
        f'run.predict("{example}")',
    ]
    return code_block("python", lines)


def _whole(measures: Sequence[Measure]) -> list[Measure]:
    return [measure for measure in measures if not measure.subset]


def _bullets(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)
