"""finetrust.evaluate: prove how far a model can be trusted, on data it has not seen."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetrust.api.corruption_reference import corruption_reference
from finetrust.api.evaluate_table import evaluated_table
from finetrust.api.evaluation_data import evaluation_data, part_of_run
from finetrust.api.familiarity import keep_familiarity
from finetrust.api.gates import check_classes, judge_gates, read_gates
from finetrust.api.profile import write_profile
from finetrust.api.repeats import RunRepeats
from finetrust.api.run import Run, load
from finetrust.api.subject import Subject, subject_as_it_comes, subject_of_run
from finetrust.api.task_of import refuse_calibration, task_of
from finetrust.api.trials import check_options, hold_trials
from finetrust.config import EvaluateOptions, make_options
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.evidence_folder import CORRUPTIONS, forget_evidence, save_evidence
from finetrust.core.predictions import Predictions
from finetrust.core.profile import TrustProfile
from finetrust.core.progress import quietly
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex, overlap
from finetrust.data.near_by_embedding import near_by_embedding
from finetrust.data.remembered import remembering
from finetrust.data.report import DataReport, check
from finetrust.models.device import find_device
from finetrust.models.features import stored_features
from finetrust.models.inference import Inference
from finetrust.models.memory_order import in_fast_order
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.explanation import Decisions, explanations, placed
from finetrust.trust.measure_all import measure_all
from finetrust.trust.stability.strips.strip import example_strips
from finetrust.trust.trials.bench import Bench


def evaluate(
    run: Run | str | Path | None = None,
    data: str | Path | Dataset | None = None,
    *,
    model: str | nn.Module | None = None,
    config: str | Path | None = None,
    preprocessing: Preprocessing | None = None,
    quiet: bool = False,
    **options: Any,
) -> TrustProfile:
    """Judge a fine-tuned model, or any model as it comes, on labelled data.

    With ``predictions="preds.parquet"`` the model is not needed: predictions made elsewhere, by any
    framework, are judged.

    Writes the predictions, the pictures and ``trust.json`` to the run folder (or `out`).

    Parameters
    ----------
    run : Run, str or Path, optional
        The run to judge; without one, give `model`.
    data : str, Path or Dataset, optional
        By default the test split of the data that the run was tuned on.
    model : str or nn.Module, optional
        A model to judge as it comes; with a run, the ``FILE.py:FUNCTION`` that may be run.
    config : str or Path, optional
        YAML file with any of the options; those given here win.
    preprocessing : Preprocessing, optional
        Needed with a module.
    quiet : bool
        Show nothing.
    **options
        The fields of :class:`finetrust.config.EvaluateOptions`.

    Returns
    -------
    TrustProfile

    Raises
    ------
    UserError
        For anything the user can mend, before any long work starts.
    """
    return evaluated(
        run, data, model=model, config=config, preprocessing=preprocessing, quiet=quiet, **options
    ).profile


def evaluated(
    run: Run | str | Path | None = None,
    data: str | Path | Dataset | None = None,
    *,
    model: str | nn.Module | None = None,
    config: str | Path | None = None,
    preprocessing: Preprocessing | None = None,
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Do what :func:`evaluate` does, and return the run that holds the profile."""
    given = dict(options)
    if run is not None:
        given["run"] = str(run.path if isinstance(run, Run) else run)
    if model is not None:
        given["model"] = model if isinstance(model, str) else f"python:{type(model).__name__}"
    if data is not None:
        given["data"] = data.name if isinstance(data, Dataset) else str(data)
    chosen = make_options(EvaluateOptions, given, Path(config) if config is not None else None)
    gates = read_gates(chosen.gates)
    if chosen.predictions is not None:
        with quietly(quiet):
            judged = evaluated_table(chosen, gates)
        judge_gates(judged, gates)
        return judged
    if chosen.run is None and chosen.model is None:
        raise UserError(
            "no run and no model is given",
            "Name a run folder, a model with --model, or a table with --predictions.",
        )
    device = find_device(chosen.device)
    module = model if isinstance(model, nn.Module) else None
    if chosen.run is not None and not isinstance(run, Run):
        run = load(chosen.run, module=module, allow_code=chosen.model)
    with quietly(quiet):
        opened, validation = evaluation_data(chosen, run if isinstance(run, Run) else None, data)
        known = run.folder.record.get("task") if isinstance(run, Run) else None
        if known and chosen.task not in (None, known):
            raise UserError(
                f"{chosen.run} was tuned for {known}, not for {chosen.task}", "Leave --task out."
            )
        task_name, task = task_of(opened, known or chosen.task)
        check_options(chosen, task)
        if run is None:
            refuse_calibration(chosen, task, task_name)
        elif "calibration" in chosen.model_fields_set:
            raise UserError(
                f"calibration '{chosen.calibration}' is given for a run, which has its own",
                "Leave --calibration out, or tune with it.",
            )
        dataset = task.prepare(opened, chosen)
        if isinstance(run, Run):
            check_classes(gates, run.model.classes)
            subject, validation = subject_of_run(run, chosen.out), None
        else:
            subject = subject_as_it_comes(chosen, task_name, module, preprocessing, dataset)
            check_classes(gates, subject.model.classes)
            validation = validation and task.prepare(validation, chosen)
        tuned = run if isinstance(run, Run) else None
        _evaluate(subject, dataset, validation, chosen, device, tuned)
    judged = Run(subject.folder, module, chosen.model)
    judge_gates(judged, gates)
    return judged


def _evaluate(
    subject: Subject,
    dataset: Dataset,
    validation: Dataset | None,
    options: EvaluateOptions,
    device: torch.device,
    run: Run | None,
) -> None:
    """Judge `subject` on `dataset` and write everything to its folder.

    A model as it comes is calibrated on `validation`, if there are such data.
    """
    clock = _Clock()
    reference = corruption_reference(options.corruption_reference)
    task, classes = tasks.get(subject.model.task), subject.model.classes

    def checked(part: Dataset) -> tuple[Dataset, DataReport, DataIndex]:
        aligned = task.align(remembering(part), classes)
        return check(aligned, task, on_error=options.on_error, workers=options.workers, cut=False)

    dataset, report, index = checked(dataset)
    split = str(dataset.splits[0]) or "test"
    clock.lap("data")
    in_fast_order(subject.model.network.to(device))
    inference = _inference(subject, options, dataset)
    clean = replace(predicted(task, inference, dataset, options.workers), split=split)
    if validation is not None:
        validation = checked(validation)[0]
        known = predicted(task, inference, validation, options.workers, "validation")
        known = replace(known.with_groups(validation.groups), split="val")
        subject = subject.calibrated(known, options.calibration)
    baseline = task.load_baseline(subject.folder.baseline)
    clock.lap("predictions")

    def part(split: str) -> Callable[[], Dataset | None]:
        if run is None:
            return lambda: validation if split == "val" else None
        return lambda: part_of_run(run, task, split)

    bench = Bench(
        task,
        subject.model.network,
        inference,
        dataset,
        clean,
        classes,
        subject.model.calibration,
        subject.validation,
        options,
        part("train"),
        part("val"),
        RunRepeats(run) if run is not None and "phases" in run.folder.record else None,
    )
    home = subject.folder.predictions / split
    forget_evidence(home)
    held = hold_trials(bench, home)
    if not subject.folder.familiarity.exists():
        keep_familiarity(subject.folder, bench)
    clock.lap("all_trials")
    seen = subject.training.of_split("train") if subject.training else None
    overlaps = overlap(index, seen, dataset.kind) if seen else {}
    alike = _alike_by_features(inference, clean, index, seen) if seen else None
    evidence = Evidence(
        clean=clean,
        perturbed=held.tables.get(CORRUPTIONS, {}),
        trials={name: found for name, found in held.tables.items() if name != CORRUPTIONS},
        untried=held.untried,
        classes=classes,
        calibration=subject.model.calibration,
        baseline=baseline.predictions(dataset) if baseline is not None else None,
        validation=subject.validation,
        groups=dataset.groups,
        protected=options.protected_columns,
        properties=index.properties,
        data={
            "n_train": len(seen) if seen else None,
            "train_overlap_exact": overlaps.get("exact"),
            "train_overlap_near": overlaps.get("near"),
            **({} if alike is None else {"train_overlap_embedding": alike}),
            "train_class_counts": [subject.class_counts.get(name, 0) for name in classes]
            if subject.class_counts
            else None,
            **subject.label_suspects,
            **reference,
        },
        seed=options.seed,
    )
    save_evidence(replace(evidence, perturbed={}, trials={}), home)
    measured = measure_all(evidence, task.headlines.get("accuracy", "accuracy"))
    clock.lap("measures")
    notes = _notes(subject, index, split, report, dataset)
    pictures = _pictures(bench, subject, notes)
    pictures += example_strips(bench, held.tables, subject.folder.pictures)
    clock.lap("pictures")
    write_profile(
        subject.folder,
        subject.model.task,
        task,
        evidence,
        measured,
        options,
        model=subject.facts,
        data={"name": dataset.name, "fingerprint": dataset.fingerprint},
        notes=notes,
        pictures=pictures,
        context={
            "device": str(device),
            "precision": inference.precision,
            "seconds": {**clock.seconds, "trials": held.seconds},
            "untried": dict(held.untried),
        },
    )


def _alike_by_features(
    inference: Inference, clean: Predictions, index: DataIndex, seen: DataIndex
) -> list[list[str]] | None:
    """Return [id, training id] of items whose features are nearly those of a training item.

    None where an earlier run has not kept the features of all training items.
    """
    known = stored_features(inference, seen.digests) if "features" in clean else None
    if known is None:
        return None
    pairs = near_by_embedding(clean["features"], known)
    return [[index.ids[i], seen.ids[j]] for i, j in pairs.tolist()]


class _Clock:
    """Seconds of each part, one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = round(now - self._last, 2)
        self._last = now


def _inference(subject: Subject, options: EvaluateOptions, dataset: Dataset) -> Inference:
    """Return the network prepared in the precision asked for, that of the run, or the fastest."""
    network = subject.model.network
    decisions = subject.folder.record.get("decisions", {})
    if options.precision != "auto":
        return Inference(network, "fp32" if options.precision == "fp32" else "bf16")
    if decisions.get("device") == str(network.device):
        return Inference(network, decisions["inference_precision"])
    return fastest_inference(network, some_inputs(network, dataset))


def _pictures(bench: Bench, subject: Subject, notes: list[str]) -> tuple[Mapping[str, Any], ...]:
    """Return what the task's explanations show of single decisions; why one cannot is noted."""
    home = subject.folder.pictures
    shutil.rmtree(home, ignore_errors=True)
    shown: list[Mapping[str, Any]] = []
    for name in bench.task.explanations:
        decisions = Decisions(
            bench.network,
            bench.dataset,
            bench.clean,
            bench.classes,
            bench.calibration,
            bench.options.pictures,
            bench.seed,
            home / name,
            bench,
        )
        try:
            found = explanations.get(name)(decisions)
        except NotApplicable as reason:
            notes.append(f"No pictures: {reason}.")
            continue
        shown += [placed(picture, f"{home.name}/{name}") for picture in found]
    return tuple(shown)


def _notes(
    subject: Subject, index: DataIndex, split: str, report: DataReport, dataset: Dataset
) -> list[str]:
    """Return the warnings about this evaluation that a reader must see."""
    notes = []
    if subject.training is None:
        notes.append("What this model was trained on is not known: overlap could not be checked.")
    else:
        seen = overlap(index, subject.training.of_split("val"), dataset.kind)
        n = len({item for pairs in seen.values() for item, _ in pairs})
        if split in ("val", "train"):
            notes.append(
                f"These are {split} data, on which the model was chosen or trained: "
                "every figure is too kind."
            )
        elif n:
            notes.append(
                f"{n} of {len(index)} items were also used for validation, where the best epoch "
                "and the temperature were chosen: the figures are a little too kind."
            )
    if report.unreadable:
        notes.append(f"{len(report.unreadable)} unreadable items were left out.")
    return notes
