"""A run folder for a model that was made of finished runs: all that evaluate, report and predict need."""

import shutil
import time
from dataclasses import asdict
from typing import Any

import torch

from finetrust.api.ingredients import Ingredients
from finetrust.api.run import Run
from finetrust.api.validation import judge_validation
from finetrust.api.versions import versions
from finetrust.config import CalibrationOptions, ComputeOptions, DataColumns
from finetrust.core.atomic import replacing_folder
from finetrust.core.run_folder import RunFolder
from finetrust.models import saved
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.source import Architecture, Provenance

_KEPT = {
    *DataColumns.model_fields,
    *CalibrationOptions.model_fields,
    *ComputeOptions.model_fields,
    "val_fraction",
    "test_fraction",
}
"""What of a configuration is about the data and the machine, and not about how it was trained."""


def write_derived(
    folder: RunFolder,
    ingredients: Ingredients,
    network: Network,
    architecture: Architecture | None,
    provenance: Provenance,
    strategy: str,
    device: torch.device,
    *,
    began: float,
    **facts: Any,
) -> Run:
    """Judge a network on the validation data of its ingredients, and write it as a run of its own.

    Parameters
    ----------
    folder : RunFolder
        New.
    ingredients : Ingredients
    network : Network
    architecture : Architecture or None
    provenance : Provenance
    strategy : str
        What the report says it is.
    device : torch.device
    began : float
        When the work on it began, by ``time.perf_counter``.
    **facts
        What is recorded besides, such as ``made_of`` and ``command``.
    """
    first, config = ingredients.runs[0], ingredients.config
    kept = {key: value for key, value in config.items() if key in _KEPT}
    folder.write_config({**kept, "task": ingredients.first.task})
    _copy_data(first.folder, folder)
    network.to(device).eval()
    inference = _inference(network, ingredients)
    record = first.folder.record
    folder.write_record(
        task=ingredients.first.task,
        strategy=strategy,
        classes=list(ingredients.first.classes),
        model={
            **asdict(provenance),
            "parameters": sum(p.numel() for p in network.parameters()),
            "preprocessing": network.preprocessing.to_dict(),
        },
        data=record["data"],
        pipeline=record.get("pipeline", ""),
        versions=versions(),
        decisions={
            "device": str(device),
            "training_precision": record["decisions"]["training_precision"],
            "inference_precision": inference.precision,
        },
        status="running",
        **facts,
    )
    calibration = judge_validation(
        ingredients.task,
        inference,
        ingredients.validation,
        folder,
        config.get("calibration", "temperature"),
        ingredients.workers,
    )
    model = saved.SavedModel(
        network.cpu(),
        ingredients.first.task,
        ingredients.first.classes,
        provenance,
        architecture,
        calibration,
    )
    saved.save(model, folder.model)
    folder.append_log(event="made", of=[str(run.path) for run in ingredients.runs])
    seconds = round(time.perf_counter() - began, 2)
    folder.write_record(calibration=calibration, status="finished", seconds=seconds)
    return Run(folder, first.module, first.allow_code)


def _inference(network: Network, ingredients: Ingredients) -> Inference:
    """Return the network in the precision that its ingredients were tuned to run in, or the fastest."""
    asked = ingredients.config.get("precision", "auto")
    if asked != "auto":
        return Inference(network, "fp32" if asked == "fp32" else "bf16")
    items = ingredients.validation
    if items is None:
        return Inference(network, "fp32")
    return fastest_inference(network, some_inputs(network, items))


def _copy_data(source: RunFolder, target: RunFolder) -> None:
    """Copy what a run knows of its data, which are the same."""
    for name in ("data", "baseline"):
        if (source.path / name).is_dir():
            with replacing_folder(target.path / name) as temporary:
                shutil.copytree(source.path / name, temporary, dirs_exist_ok=True)
