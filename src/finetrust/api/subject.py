"""Who is judged: the model of a run, or any model as it comes."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.api.label_check import suspects_of
from finetrust.api.out_folder import open_evaluation
from finetrust.api.run import Run
from finetrust.api.versions import versions
from finetrust.config import EvaluateOptions
from finetrust.core.atomic import replacing, replacing_folder
from finetrust.core.predictions import Predictions
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.index import DataIndex
from finetrust.models import saved
from finetrust.models.assemble import tell_of_loading
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.calibration.calibrate import calibrate


@dataclass(frozen=True)
class Subject:
    """A model with what is known about it.

    Parameters
    ----------
    model : SavedModel
    folder : RunFolder
        Where the evaluation is written.
    facts : mapping
        Provenance for the trust profile.
    training : DataIndex or None
        Index of the data it was tuned on; None if they are unknown.
    class_counts : mapping of str to int
        Training items of each class; empty if they are unknown.
    label_suspects : mapping
        What the check of the training labels found, as evidence; empty if there was none.
    """

    model: saved.SavedModel
    folder: RunFolder
    facts: Mapping[str, Any]
    training: DataIndex | None
    class_counts: Mapping[str, int] = field(default_factory=dict)
    label_suspects: Mapping[str, Any] = field(default_factory=dict)

    @property
    def validation(self) -> Predictions | None:
        """What the model says about validation data, if there were any."""
        file = _validation_file(self.folder)
        return Predictions.load(file) if file.exists() else None

    def calibrated(self, validation: Predictions, method: str) -> "Subject":
        """Return the model with what can be fitted on these predictions, and keep both on disk."""
        calibration = calibrate(validation, method)
        model = replace(self.model, calibration=calibration)
        validation.without("features").save(_validation_file(self.folder))
        saved.save(model, self.folder.model)
        self.folder.write_record(calibration=calibration)
        return replace(self, model=model)


def subject_of_run(run: Run, out: str | None) -> Subject:
    """Return the fine-tuned model of a run; with `out` the evaluation gets a folder of its own."""
    record = run.folder.record
    facts = {**record["model"], "strategy": record["strategy"], "run": str(run.path)}
    folder = run.folder
    if out is not None and Path(out) != run.path:
        folder = open_evaluation(Path(out))
        folder.write_config(run.folder.config)
        folder.write_record(**record)
        if _validation_file(run.folder).exists():
            with replacing(_validation_file(folder)) as temporary:
                shutil.copyfile(_validation_file(run.folder), temporary)
        if run.folder.familiarity.exists():
            with replacing_folder(folder.familiarity) as temporary:
                shutil.copytree(run.folder.familiarity, temporary, dirs_exist_ok=True)
    splits = (run.folder.data_report or {}).get("splits", {})
    known = run.folder.data_index_file.exists()
    index = DataIndex.load(run.folder.data_index_file) if known else None
    counts = splits.get("train", {}).get("classes", {})
    return Subject(run.model, folder, facts, index, counts, suspects_of(run.folder))


def _validation_file(folder: RunFolder) -> Path:
    return folder.predictions / "val" / "clean.parquet"


def subject_as_it_comes(
    options: EvaluateOptions,
    task_name: str,
    module: nn.Module | None,
    preprocessing: Preprocessing | None,
    dataset: Dataset,
) -> Subject:
    """Return a model with the head it came with, saved as a run of its own.

    Raises
    ------
    UserError
        If the model has no head, or its outputs cannot be matched with the classes of the data.
    """
    task = tasks.get(task_name)
    assembled = task.assemble(options, dataset, module, preprocessing)
    tell_of_loading(assembled.provenance)
    network, classes = task.as_it_comes(assembled, dataset)
    model = saved.SavedModel(
        network.eval(), task_name, classes, assembled.provenance, assembled.architecture
    )
    name = f"{Path(options.model or 'model').name}-{Path(dataset.name).name}".replace(":", "_")
    folder = open_evaluation(Path(options.out or f"runs/evaluate-{name}"))
    facts = {
        **asdict(assembled.provenance),
        "preprocessing": assembled.preprocessing.to_dict(),
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "strategy": "none",
    }
    saved.save(model, folder.model)
    folder.write_config(options.model_dump(mode="json"))
    folder.write_record(
        task=model.task,
        strategy="none",
        classes=list(classes),
        model=facts,
        versions=versions(),
        status="finished",
    )
    return Subject(model, folder, facts, None)
