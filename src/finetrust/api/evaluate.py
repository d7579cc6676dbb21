"""finetrust.evaluate: prove how far a model can be trusted, on data it has not seen."""

import datetime
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from finetrust.api.run import Run, load
from finetrust.api.subject import Subject, subject_as_it_comes, subject_of_run, with_classes_of
from finetrust.api.versions import versions
from finetrust.config import EvaluateOptions, make_options
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.core.profile import TrustProfile
from finetrust.core.progress import quietly
from finetrust.data.dataset import Dataset
from finetrust.data.report import DataIndex, check, overlap
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.features import network_outputs
from finetrust.models.inference import Inference
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.probabilities import calibrated_probabilities
from finetrust.trust.interpretability.pictures import draw_pictures
from finetrust.trust.measure_all import measure_all
from finetrust.trust.stability.corrupted_outputs import corrupted_outputs
from finetrust.tuning.accelerator import check_device


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
    given = {key: value for key, value in options.items() if value is not None}
    if run is not None:
        given["run"] = str(run.path if isinstance(run, Run) else run)
    if model is not None:
        given["model"] = model if isinstance(model, str) else f"python:{type(model).__name__}"
    if data is not None:
        given["data"] = data.name if isinstance(data, Dataset) else str(data)
    chosen = make_options(EvaluateOptions, given, Path(config) if config is not None else None)
    if chosen.run is None and chosen.model is None:
        raise UserError("no run and no model is given", "Name a run folder, or a model with --model.")
    check_device(chosen.device)
    module = model if isinstance(model, nn.Module) else None
    if chosen.run is not None and not isinstance(run, Run):
        run = load(chosen.run, module=module, allow_code=chosen.model)
    with quietly(quiet):
        dataset = _dataset(chosen, run if isinstance(run, Run) else None, data)
        if isinstance(run, Run):
            subject = subject_of_run(run, chosen.out)
        else:
            subject = subject_as_it_comes(chosen, module, preprocessing, dataset)
        return _evaluate(subject, dataset, chosen)


def _dataset(options: EvaluateOptions, run: Run | None, data: Any) -> Dataset:
    """Return the items to judge on, checked, without splitting anything off."""
    if isinstance(data, Dataset):
        opened = data
    elif options.data is not None:
        opened = open_dataset(options.data, DataOptions.of(options))
    elif run is not None:
        return _own_split(options, run)
    else:
        raise UserError("no data are given", "Name them with --data.")
    named = set(opened.splits.tolist()) - {""}
    split = options.split or ("test" if named else None)
    if split is not None:
        if split not in named:
            found = ", ".join(sorted(named)) or "no splits"
            raise UserError(
                f"{opened.name}: no {split} split; found {found}",
                "Choose one with --split, or name a folder of its own with --data.",
            )
        opened = opened.split(split)
    return opened


def _own_split(options: EvaluateOptions, run: Run) -> Dataset:
    """Return the split that was set aside when the run was tuned."""
    config = run.folder.config
    split = options.split or "test"
    index = DataIndex.load(run.folder.data_index_file)
    ids = {i for i, s in zip(index.ids, index.splits, strict=True) if s == split}
    if not ids:
        raise UserError(
            f"{run.path}: the data it was tuned on have no {split} split",
            "Name data that it has not seen with --data; --split val judges it on the data that "
            "chose its best epoch and temperature, which is too kind.",
        )
    opened = open_dataset(config["data"], DataOptions.of_mapping(config))
    rows = [row for row, i in enumerate(opened.ids) if i in ids]
    if len(rows) != len(ids):
        raise UserError(
            f"{config['data']}: {len(ids) - len(rows)} items of the {split} split are gone",
            "Restore the data, or name others with --data.",
        )
    taken = opened.take(rows)
    return replace(taken, splits=np.full(len(rows), split))


def _evaluate(subject: Subject, dataset: Dataset, options: EvaluateOptions) -> TrustProfile:
    start = time.perf_counter()
    model = subject.model
    task = tasks.get(model.task)
    dataset = with_classes_of(dataset, model.classes)
    dataset, report, index = check(
        dataset, on_error=options.on_error, workers=options.workers, cut=False
    )
    split = str(dataset.splits[0]) or "test"
    network = model.network.to(options.device or "cpu")
    inference = Inference(network, _precision(options, subject))
    outputs = network_outputs(inference, dataset, options.workers)
    targets = torch.from_numpy(dataset.targets)
    clean = replace(task.predictions(dataset.ids, outputs, targets), split=split)
    seconds = {"predictions": round(time.perf_counter() - start, 2)}

    began = time.perf_counter()
    some = dataset.take(_drawn(len(dataset), options.stability_items, options.seed))
    names = [name for name in options.corruptions if name != "none"]
    perturbed = {
        name: replace(
            task.predictions(some.ids, found, torch.from_numpy(some.targets)),
            split=split,
            perturbation=name,
        )
        for name, found in corrupted_outputs(
            inference, some, names, options.severities, options.seed, options.workers
        ).items()
    }
    seconds["corruptions"] = round(time.perf_counter() - began, 2)
    _save(subject, split, clean, perturbed)

    overlaps = overlap(index, subject.training.of_split("train")) if subject.training else {}
    evidence = Evidence(
        clean=clean,
        perturbed=perturbed,
        classes=model.classes,
        calibration=model.calibration,
        groups=dataset.groups,
        data={
            "n_train": len(subject.training.of_split("train")) if subject.training else None,
            "train_overlap_exact": overlaps.get("exact"),
            "train_overlap_near": overlaps.get("near"),
        },
        seed=options.seed,
    )
    began = time.perf_counter()
    measured = measure_all(evidence)
    seconds["measures"] = round(time.perf_counter() - began, 2)
    began = time.perf_counter()
    notes = _notes(subject, index, split, report)
    pictures: tuple[Any, ...] = ()
    try:
        pictures = draw_pictures(
            network, dataset, calibrated_probabilities(evidence), model.classes,
            options.pictures, options.seed, subject.folder.pictures,
        )  # fmt: skip
    except NotApplicable as reason:
        notes.append(f"No pictures: {reason}.")
    seconds["pictures"] = round(time.perf_counter() - began, 2)
    profile = TrustProfile(
        task=model.task,
        model=subject.facts,
        data={
            "name": dataset.name,
            "split": split,
            "n": len(dataset),
            "fingerprint": dataset.fingerprint,
            "classes": list(model.classes),
        },
        measures=measured,
        notes=tuple(notes),
        pictures=pictures,
        context={
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "device": str(inference.device),
            "precision": inference.precision,
            "seconds": seconds,
            "seed": options.seed,
        },
    )
    profile.save(subject.folder.profile_file)
    return profile


def _precision(options: EvaluateOptions, subject: Subject) -> str:
    if options.precision != "auto":
        return "fp32" if options.precision == "fp32" else "bf16"
    return subject.folder.record.get("decisions", {}).get("inference_precision", "fp32")


def _drawn(n: int, limit: int, seed: int) -> np.ndarray:
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, limit, replace=False))


def _save(
    subject: Subject, split: str, clean: Predictions, perturbed: dict[str, Predictions]
) -> None:
    for name, predictions in {"clean": clean, **perturbed}.items():
        predictions.save(subject.folder.predictions / split / f"{name}.parquet")


def _notes(subject: Subject, index: DataIndex, split: str, report: Any) -> list[str]:
    """Return the warnings about this evaluation that a reader must see."""
    notes = []
    if subject.training is None:
        notes.append("What this model was trained on is not known: overlap could not be checked.")
    else:
        seen = overlap(index, subject.training.of_split("val"))
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
