"""Judging predictions that were made elsewhere: by any framework, server or person."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from finetrust.api.gates import check_classes
from finetrust.api.out_folder import open_evaluation
from finetrust.api.profile import write_profile
from finetrust.api.run import Run
from finetrust.api.task_of import refuse_calibration
from finetrust.api.versions import versions
from finetrust.config import EvaluateOptions
from finetrust.core.errors import UserError
from finetrust.core.evidence import Evidence
from finetrust.core.evidence_folder import save_evidence
from finetrust.core.predictions import Predictions
from finetrust.data.predictions_table import GivenPredictions, PredictionColumns
from finetrust.gates.gate import Gate
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.trust.measure_all import measure_all

DEFAULT_TASK = "classification"
_OF_MODELS = ("run", "model", "data")


def evaluated_table(options: EvaluateOptions, gates: Sequence[Gate]) -> Run:
    """Return the run that holds the profile of a table of predictions.

    Raises
    ------
    UserError
        If a model is named too, the table makes no sense, or a gate names a class that it lacks.
    """
    for name in _OF_MODELS:
        if getattr(options, name) is not None:
            raise UserError(
                f"--predictions is given, and {name} '{getattr(options, name)}'",
                "Name one of them.",
            )
    file = Path(str(options.predictions))
    task_name = options.task or DEFAULT_TASK
    task = tasks.get(task_name)
    refuse_calibration(options, task, task_name)
    columns = PredictionColumns(
        options.label_column,
        options.id_column,
        options.split_column,
        tuple(dict.fromkeys((*options.group_columns, *options.protected_columns))),
        options.classes,
        options.split,
    )
    given = task.read_predictions(file, columns)
    check_classes(gates, given.classes)
    validation = given.validation
    if options.validation_predictions is not None:
        validation = _validation(Path(options.validation_predictions), options, given)
    folder = open_evaluation(Path(options.out or f"runs/evaluate-{file.stem}"))
    calibration = calibrate(validation, options.calibration) if validation is not None else {}
    evidence = Evidence(
        clean=given.clean,
        perturbed=given.perturbed,
        classes=given.classes,
        calibration=calibration,
        validation=validation,
        groups=given.groups,
        protected=options.protected_columns,
        seed=options.seed,
    )
    save_evidence(evidence, folder.predictions / given.clean.split)
    if validation is not None:
        validation.without("features").save(folder.predictions / "val" / "clean.parquet")
    facts = {"architecture": file.stem, "source": "a table of predictions", "strategy": "none"}
    notes = [
        "What this model was trained on is not known: overlap could not be checked.",
        *given.notes,
    ]
    write_profile(
        folder,
        task_name,
        task,
        evidence,
        measure_all(evidence, task.headlines.get("accuracy", "accuracy")),
        options,
        model=facts,
        data={
            "name": file.name,
            "fingerprint": _fingerprint(given.clean),
            **({} if options.task else {"inputs": "items", "counted": "items"}),
        },
        notes=notes,
    )
    folder.write_config(options.model_dump(mode="json"))
    folder.write_record(
        task=task_name,
        strategy="none",
        classes=list(given.classes),
        model=facts,
        calibration=calibration,
        versions=versions(),
        status="finished",
    )
    return Run(folder)


def _validation(file: Path, options: EvaluateOptions, given: GivenPredictions) -> Predictions:
    columns = PredictionColumns(
        options.label_column, options.id_column, options.split_column, (), given.classes
    )
    found = tasks.get(options.task or DEFAULT_TASK).read_predictions(file, columns).clean
    return Predictions(found.ids, found.columns, "val")


def _fingerprint(clean: Predictions) -> str:
    """Return a mark of the items and their targets in any order, by which equal data are known."""
    targets = clean["target"] if "target" in clean else np.full(len(clean), "")
    rows = sorted(f"{item}\n{target}\n" for item, target in zip(clean.ids, targets, strict=True))
    return hashlib.sha256("".join(rows).encode()).hexdigest()
