"""finetrust.tune: from a pretrained model and labelled data to a fine-tuned model in a run folder."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetrust.api.label_check import check_labels
from finetrust.api.out_folder import open_folder
from finetrust.api.run import Run
from finetrust.api.task_of import refuse_calibration, task_of
from finetrust.api.versions import versions
from finetrust.config import TuneOptions, make_options, read_yaml
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.remembered import remembering
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models import saved
from finetrust.models.assemble import Assembled
from finetrust.models.device import find_device
from finetrust.models.features import batched_outputs
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import find_architecture
from finetrust.models.tree import to_device
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import TASK_OPTIONS, Task
from finetrust.trust.accuracy.calibration.calibrate import calibrate
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.addition import Penalty, Start
from finetrust.tuning.batches import FeatureBatches
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.optimizer import pretrained_layers
from finetrust.tuning.plan import read_plan
from finetrust.tuning.stages import Setting, batch_size, make_stage


def tune(
    model: str | nn.Module | None = None,
    data: str | Path | Dataset | None = None,
    *,
    config: str | Path | None = None,
    preprocessing: Preprocessing | None = None,
    resume: bool = False,
    quiet: bool = False,
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
        return _tune(_options(given, config, resume), data, module, preprocessing, resume)


def _options(given: dict[str, Any], config: str | Path | None, resume: bool) -> TuneOptions:
    file = Path(config) if config is not None else None
    out = given.get("out") or (read_yaml(file).get("out") if file else None)
    if resume and out and RunFolder(Path(out)).config_file.exists():
        given = {**RunFolder(Path(out)).config, **given}
    options = make_options(TuneOptions, given, file)
    if options.model is None:
        raise UserError("no model is given", "Name one with --model.")
    if options.data is None:
        raise UserError("no data are given", "Name them with --data.")
    plan = read_plan(options.strategy)
    parts = (Path(options.model).name, plan.slug, Path(options.data).name)
    name = "-".join(p.replace(":", "_") for p in parts)
    return options.model_copy(update={"strategy": plan.text, "out": options.out or f"runs/{name}"})


def _tune(
    options: TuneOptions,
    data: str | Path | Dataset | None,
    module: nn.Module | None,
    preprocessing: Preprocessing | None,
    resume: bool,
) -> Run:
    start = time.perf_counter()
    folder = open_folder(Path(str(options.out)), options.model_dump(), resume)
    if resume and folder.record.get("status") == "finished":
        say(f"{folder.path}: this run is finished; nothing is left to do.")
        return Run(folder, module=module, allow_code=options.model)
    plan = read_plan(options.strategy)
    device = find_device(options.device)
    if module is None and Path(str(options.model)).suffix == "":
        find_architecture(str(options.model), options.model_args)
    source = data if isinstance(data, Dataset) else str(options.data)
    opened = open_dataset(source, DataOptions.of(options))
    task_name, task = task_of(opened, options.task)
    _refuse_options(options, task, task_name)
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
    train, val = dataset.split("train"), dataset.split("val")
    torch.manual_seed(options.seed)
    network = task.network(assembled, dataset.classes, options)
    task.begin(network, train)
    network.to(accelerator.device)
    start_from = Start(options, network, train)
    objective = plan.objective(start_from, task.objective(options, train))
    mix = task.mix(options, dataset.classes)
    phases = plan.strategy(options, len(pretrained_layers(network)), task.defaults)
    penalties = plan.penalties(start_from)
    prepared: Inference | None = None
    if accelerator.is_main_process:
        say(report)
        folder.write_config({**options.model_dump(mode="json"), "task": task_name})
        report.save(folder.data_report_file)
        index.save(folder.data_index_file)
        prepared = _prepared(options, network, train, folder)
        folder.write_record(
            **_facts(options, task_name, assembled, network, dataset),
            pipeline=task.pipeline,
            decisions={
                "device": str(accelerator.device),
                "training_precision": accelerator.mixed_precision.replace("no", "fp32"),
                "inference_precision": prepared.precision,
            },
            status="running",
        )
    accelerator.wait_for_everyone()
    decisions = folder.record["decisions"]

    setting = Setting(
        task,
        options,
        network,
        train,
        val,
        mix,
        decisions["inference_precision"],
        (accelerator.process_index, accelerator.num_processes),
        penalties,
    )
    loop = Loop(task, options, objective, dataset.classes, setting.mix, folder, accelerator, plan)
    done: list[dict[str, Any]] = []
    inference: Inference | None = None
    for number, phase in enumerate(phases):
        began = time.perf_counter()
        with accelerator.main_process_first():
            stage = make_stage(phase, setting, prepared if number == 0 else None)
        if accelerator.is_main_process:
            _tell_resting(stage, penalties)
        loop.run(number, stage)
        inference = stage.frozen and stage.frozen.with_head(network.head)
        done.append(_phase_facts(stage, setting, time.perf_counter() - began))
    if accelerator.is_main_process:
        inference = inference or Inference(network, setting.precision)
        calibration = _judge(task, options, inference, val, folder)
        if prepared is not None and any(phase["cached"] for phase in done):
            check_labels(prepared, train, index, folder, options.seed, options.workers)
        baseline = task.baseline(train)
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
            phases=done, calibration=calibration, status="finished", seconds=seconds
        )
        folder.drop_checkpoints()
    accelerator.wait_for_everyone()
    return Run(folder, module=module, allow_code=options.model)


def _refuse_options(options: TuneOptions, task: Task, name: str) -> None:
    """Raise UserError for an option that the task would not heed."""
    if options.augment is not None and options.augment not in task.augments:
        raise UserError(
            f"augment '{options.augment}' is not made for {name}",
            f"Choose among {', '.join(task.augments)}.",
        )
    refuse_calibration(options, task, name)
    for option in TASK_OPTIONS:
        value = getattr(options, option)
        if option not in task.options and value != TuneOptions.model_fields[option].default:
            flag = f"--{option.replace('_', '-')}"
            raise UserError(f"{flag} {value} means nothing for {name}", f"Leave {flag} out.")


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


def _facts(
    options: TuneOptions,
    task_name: str,
    assembled: Assembled,
    network: Network,
    dataset: Dataset,
) -> dict[str, Any]:
    splits = {f"n_{name}": int((dataset.splits == name).sum()) for name in SPLITS}
    provenance = asdict(assembled.provenance)
    parameters = sum(p.numel() for p in network.parameters())
    return {
        "task": task_name,
        "strategy": options.strategy,
        "classes": list(dataset.classes),
        "model": {
            **provenance,
            "parameters": parameters,
            "preprocessing": network.preprocessing.to_dict(),
        },
        "data": {"name": dataset.name, **splits, "fingerprint": dataset.fingerprint},
        "versions": versions(),
    }


def _phase_facts(stage: Stage, setting: Setting, seconds: float) -> dict[str, Any]:
    phase = stage.phase
    trainable = {n: p.numel() for n, p in stage.module.named_parameters() if n in stage.rates}
    return {
        "name": phase.name,
        "epochs": phase.epochs,
        "trainable_parameters": sum(trainable.values()),
        "learning_rate": phase.learning_rate,
        "backbone_learning_rate": phase.backbone_learning_rate,
        "layer_decay": phase.layer_decay,
        "augment": phase.augment,
        "batch_size": batch_size(phase, setting),
        "cached": isinstance(stage.batches, FeatureBatches),
        "penalties": list(stage.penalties),
        "seconds": round(seconds, 2),
    }


def _tell_resting(stage: Stage, penalties: Mapping[str, Penalty]) -> None:
    for name in penalties:
        if name not in stage.penalties:
            say(f"{stage.phase.name}: {name} rests, for the head alone trains.")


def _judge(
    task: Task, options: TuneOptions, inference: Inference, val: Dataset, folder: RunFolder
) -> Mapping[str, Any]:
    """Judge the network on validation data, and return the calibration that is fitted there."""
    if not len(val):
        folder.write_record(validation={})
        return {}
    samples = task.samples(inference.preprocessing, "none")
    parts, order, judged = [], [], []
    for rows, _, outputs in batched_outputs(inference, val, options.workers):
        part = val.take(rows)
        targets = samples.targets([samples.target(target) for target in part.targets])
        judged.append(task.judge(outputs, to_device(targets, inference.device)))
        parts.append(task.predictions(part, outputs))
        order.append(rows)
    predictions = replace(in_order(parts, order), split="val").with_groups(val.groups)
    predictions.save(folder.predictions / "val" / "clean.parquet")
    folder.write_record(validation=task.figures(judged, val.classes))
    return calibrate(predictions, options.calibration)
