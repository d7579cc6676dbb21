"""finetrust.tune: from a pretrained model and labelled data to a fine-tuned model in a run folder."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetrust.api.label_check import check_labels
from finetrust.api.out_folder import open_folder
from finetrust.api.run import Run
from finetrust.api.run_facts import facts_of_run
from finetrust.api.task_of import task_of
from finetrust.api.tune_options import options_of, refuse_options, spelled_out
from finetrust.api.validation import judge_validation
from finetrust.config import TuneOptions
from finetrust.core.progress import quietly, say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import Dataset
from finetrust.data.remembered import remembering
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models import saved
from finetrust.models.assemble import tell_of_loading
from finetrust.models.device import find_device
from finetrust.models.inference import Inference
from finetrust.models.memory_order import in_fast_order
from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import find_architecture
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.addition import Start
from finetrust.tuning.loop import Loop, OnEpoch
from finetrust.tuning.network_defaults import defaults_for
from finetrust.tuning.optimizer import pretrained_layers
from finetrust.tuning.plan import read_plan
from finetrust.tuning.recipe import with_recipe
from finetrust.tuning.run_phases import run_phases
from finetrust.tuning.stages import (
    Setting,
)


def tune(
    model: str | nn.Module | None = None,
    data: str | Path | Dataset | None = None,
    *,
    config: str | Path | None = None,
    preprocessing: Preprocessing | None = None,
    resume: bool = False,
    quiet: bool = False,
    on_epoch: OnEpoch | None = None,
    **options: Any,
) -> Run:
    """Fine-tune a pretrained model on labelled data.

    Parameters
    ----------
    model : str or nn.Module
        torchvision or timm name, weights file, ``FILE.py:FUNCTION``, or a module.
    data : str, Path or Dataset
        Folder, table, torchvision data set name, ``hf:NAME`` or ``digits``; or a data set.
    config : str or Path, optional
        YAML file with any of the options; those given here win.
    preprocessing : Preprocessing, optional
        Needed with a module: what its weights expect of their input.
    resume : bool
        Go on with the run in `out`, if there is one.
    quiet : bool
        Show nothing.
    on_epoch : callable, optional
        Is told the log's line of every epoch (``phase``, ``epoch``, ``val_...``) once it is written; what
        it raises ends the run there.
    **options
        The fields of :class:`finetrust.config.TuneOptions`, the same as on the command line.

    Returns
    -------
    Run

    Raises
    ------
    UserError
        For anything the user can mend, before any long work starts.
    """
    given = dict(options)
    if model is not None:
        given["model"] = model if isinstance(model, str) else f"python:{type(model).__name__}"
    if data is not None:
        given["data"] = data.name if isinstance(data, Dataset) else str(data)
    module = None if isinstance(model, str) else model
    with quietly(quiet):
        chosen = options_of(given, config, resume, data)
        return _tune(chosen, data, module, preprocessing, resume, on_epoch)


def _tune(
    options: TuneOptions,
    data: str | Path | Dataset | None,
    module: nn.Module | None,
    preprocessing: Preprocessing | None,
    resume: bool,
    on_epoch: OnEpoch | None,
) -> Run:
    start = time.perf_counter()
    folder = open_folder(Path(str(options.out)), options.model_dump(), resume)
    if resume and folder.record.get("status") == "finished":
        say(f"{folder.path}: this run is finished; nothing is left to do.")
        return Run(folder, module=module, allow_code=options.model)
    device = find_device(options.device)
    if module is None and Path(str(options.model)).suffix == "":
        find_architecture(str(options.model), options.model_args)
    source = data if isinstance(data, Dataset) else str(options.data)
    opened = open_dataset(source, DataOptions.of(options))
    task_name, task = task_of(opened, options.task)
    options = spelled_out(with_recipe(options, task_name, task))
    plan = read_plan(options.strategy)
    refuse_options(options, task, task_name)
    dataset = remembering(task.prepare(opened, options))
    plan.check(options, task, dataset)
    torch.manual_seed(options.seed)
    assembled = task.assemble(options, dataset, module, preprocessing)

    accelerator = new_accelerator(device, options.precision)
    with accelerator.main_process_first():
        dataset, report, index = check(
            dataset,
            task,
            on_error=options.on_error,
            workers=options.workers,
            val_fraction=options.val_fraction,
            test_fraction=options.test_fraction,
        )
    every, val = dataset.split("train"), dataset.split("val")
    plan.check_splits(every, val)
    torch.manual_seed(options.seed)
    network = task.network(assembled, dataset.classes, options)
    plan.check_network(network)
    task.begin(network, every)
    in_fast_order(network.to(accelerator.device))
    prepared: Inference | None = None
    if accelerator.is_main_process:
        say(report)
        tell_of_loading(assembled.provenance)
        folder.write_config({**options.model_dump(mode="json"), "task": task_name})
        report.save(folder.data_report_file)
        index.save(folder.data_index_file)
        prepared = _prepared(options, network, every, folder)
        folder.write_record(
            **facts_of_run(options, task_name, assembled, network, dataset),
            pipeline=task.pipeline,
            decisions={
                **folder.record.get("decisions", {}),
                "device": str(accelerator.device),
                "training_precision": accelerator.mixed_precision.replace("no", "fp32"),
                "inference_precision": prepared.precision,
            },
            status="running",
        )
    accelerator.wait_for_everyone()
    precision = folder.record["decisions"]["inference_precision"]

    start_from = Start(options, network, every, task)
    with accelerator.main_process_first():
        rows = plan.training_rows(start_from, prepared or Inference(network, precision))
    if rows is not None:
        start_from = replace(start_from, train=every.take(rows))
    objective = plan.objective(start_from, task.objective(options, start_from.train))
    setting = Setting(
        start_from,
        plan,
        val,
        task.mix(options, dataset.classes),
        precision,
        (accelerator.process_index, accelerator.num_processes),
        plan.penalties(start_from),
        plan.disturbance(start_from),
    )
    loop = Loop(
        task, options, objective, dataset.classes, setting.mix, folder, accelerator, plan, on_epoch
    )
    defaults = defaults_for(network.backbone, task.defaults)
    phases = plan.phases(options, len(pretrained_layers(network)), defaults)
    trained = run_phases(phases, setting, loop, prepared)
    if accelerator.is_main_process:
        inference = trained.inference or Inference(network, setting.precision)
        calibration = judge_validation(
            task, inference, val, folder, options.calibration, options.workers
        )
        if prepared is not None and trained.cached:
            check_labels(prepared, every, index, folder, options.seed, options.workers)
        baseline = task.baseline(every)
        if baseline is not None:
            baseline.save(folder.baseline)
        saved.save(
            saved.SavedModel(
                network.cpu(),
                task_name,
                dataset.classes,
                assembled.provenance,
                assembled.architecture,
                calibration,
            ),
            folder.model,
        )
        seconds = round(time.perf_counter() - start, 2)
        folder.write_record(
            phases=trained.phases,
            additions=trained.additions,
            calibration=calibration,
            status="finished",
            seconds=seconds,
        )
        folder.drop_checkpoints()
    accelerator.wait_for_everyone()
    return Run(folder, module=module, allow_code=options.model)


def _prepared(
    options: TuneOptions, network: Network, train: Dataset, folder: RunFolder
) -> Inference:
    """Return the network prepared for inference in the precision kept for the life of the run."""
    decided = folder.record.get("decisions", {}).get("inference_precision")
    if decided is None and options.precision != "auto":
        decided = "fp32" if options.precision == "fp32" else "bf16"
    if decided is not None:
        return Inference(network, decided)
    return fastest_inference(network, some_inputs(network, train))
