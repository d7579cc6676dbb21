"""finetrust.tune: from a pretrained model and labelled data to a fine-tuned model in a run folder."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.api.auto_model import is_auto, with_chosen_model
from finetrust.api.label_check import check_labels
from finetrust.api.out_folder import open_folder
from finetrust.api.run import Run
from finetrust.api.task_of import refuse_calibration, task_of
from finetrust.api.validation import judge_validation
from finetrust.api.versions import versions
from finetrust.config import TuneOptions, make_options, read_yaml
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.images.augmentations.augment import read_augment
from finetrust.data.remembered import remembering
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models import saved
from finetrust.models.assemble import Assembled
from finetrust.models.device import find_device
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import find_architecture
from finetrust.models.tree import Tree, to_device
from finetrust.tasks.task import TASK_OPTIONS, Task
from finetrust.tuning.accelerator import new_accelerator
from finetrust.tuning.addition import End, Penalty, Start
from finetrust.tuning.batches import FeatureBatches
from finetrust.tuning.loop import Loop, OnEpoch, Stage
from finetrust.tuning.optimizer import pretrained_layers
from finetrust.tuning.plan import read_plan
from finetrust.tuning.rate_range import found_in, scaled, swept_factors
from finetrust.tuning.recipe import read_recipe, with_recipe
from finetrust.tuning.stages import (
    Setting,
    batch_size,
    make_stage,
    training_inputs,
    validation_inputs,
)
from finetrust.tuning.strategy import Phase


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
        chosen = _options(given, config, resume, data)
        return _tune(chosen, data, module, preprocessing, resume, on_epoch)


def _options(
    given: dict[str, Any],
    config: str | Path | None,
    resume: bool,
    data: str | Path | Dataset | None,
) -> TuneOptions:
    file = Path(config) if config is not None else None
    out = given.get("out") or (read_yaml(file).get("out") if file else None)
    if resume and out and RunFolder(Path(out)).config_file.exists():
        settled = ("model",) if is_auto(given.get("model")) else ()
        own = {name: value for name, value in given.items() if name not in settled}
        given = {**RunFolder(Path(out)).config, **own}
    options = make_options(TuneOptions, given, file)
    if options.model is None:
        raise UserError("no model is given", "Name one with --model.")
    if options.data is None:
        raise UserError("no data are given", "Name them with --data.")
    options = with_chosen_model(options, data)
    plan, by_recipe = read_plan(options.strategy), "strategy" not in options.model_fields_set
    if options.recipe is not None:
        read_recipe(options.recipe)
    how = options.recipe if options.recipe is not None and by_recipe else plan.slug
    parts = (Path(str(options.model)).name, how, Path(str(options.data)).name)
    name = "-".join(p.replace(":", "_") for p in parts)
    return _spelled_out(options).model_copy(update={"out": options.out or f"runs/{name}"})


def _spelled_out(options: TuneOptions) -> TuneOptions:
    """Return `options` with what is given of strategy and augmentation as it is recorded."""
    augment = options.augment and read_augment(options.augment).text
    spelled = {"strategy": read_plan(options.strategy).text, "augment": augment}
    given = {name: text for name, text in spelled.items() if name in options.model_fields_set}
    return options.model_copy(update=given)


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
    options = _spelled_out(with_recipe(options, task_name, task))
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
    torch.manual_seed(options.seed)
    network = task.network(assembled, dataset.classes, options)
    plan.check_network(network)
    task.begin(network, every)
    network.to(accelerator.device)
    prepared: Inference | None = None
    if accelerator.is_main_process:
        say(report)
        folder.write_config({**options.model_dump(mode="json"), "task": task_name})
        report.save(folder.data_report_file)
        index.save(folder.data_index_file)
        prepared = _prepared(options, network, every, folder)
        folder.write_record(
            **_facts(options, task_name, assembled, network, dataset),
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
    phases = plan.phases(options, len(pretrained_layers(network)), task)
    penalties = plan.penalties(start_from)
    setting = Setting(
        start_from,
        plan,
        val,
        task.mix(options, dataset.classes),
        precision,
        (accelerator.process_index, accelerator.num_processes),
        penalties,
        plan.disturbance(start_from),
    )
    loop = Loop(
        task, options, objective, dataset.classes, setting.mix, folder, accelerator, plan, on_epoch
    )
    done: list[dict[str, Any]] = []
    inference: Inference | None = None
    before: dict[str, Tensor] | None = None
    is_open = False
    for number, phase in enumerate(phases):
        began = time.perf_counter()
        opens = phase.trains_backbone and not is_open
        if opens:
            if plan.reads_before:
                before = {
                    n: t.detach().to("cpu", copy=True) for n, t in network.state_dict().items()
                }
            plan.parametrise(start_from)
            is_open = True
        with accelerator.main_process_first():
            stage = make_stage(phase, setting, prepared if number == 0 else None)
        if accelerator.is_main_process:
            _tell_resting(stage, penalties)
        if options.learning_rate == "auto" and number == _rated(phases):
            factor = _rate_factor(number, stage, loop, folder)
            phases = [*phases[:number], *(scaled(later, factor) for later in phases[number:])]
            rates = {name: rate * factor for name, rate in stage.rates.items()}
            stage = replace(stage, phase=phases[number], rates=rates)
        loop.run(number, stage, afresh=opens and plan.reads_before)
        inference = stage.frozen and stage.frozen.with_head(network.head)
        done.append(_phase_facts(stage, setting, time.perf_counter() - began))
    if is_open:
        plan.merge(network)
    said = plan.finish(_end(setting, before, loop, phases[-1]))
    if accelerator.is_main_process:
        inference = inference or Inference(network, setting.precision)
        calibration = judge_validation(
            task, inference, val, folder, options.calibration, options.workers
        )
        if prepared is not None and any(phase["cached"] for phase in done):
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
            phases=done,
            additions=said,
            calibration=calibration,
            status="finished",
            seconds=seconds,
        )
        folder.drop_checkpoints()
    accelerator.wait_for_everyone()
    return Run(folder, module=module, allow_code=options.model)


def refuse_options(options: TuneOptions, task: Task, name: str) -> None:
    """Raise UserError for an option that the task would not heed."""
    if options.augment is not None:
        read_augment(options.augment).check(task.changes, name)
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


def _rated(phases: Sequence[Phase]) -> int:
    """Return the phase before which the learning rate is found: the first that trains the backbone."""
    return next((n for n, phase in enumerate(phases) if phase.trains_backbone), 0)


def _rate_factor(number: int, stage: Stage, loop: Loop, folder: RunFolder) -> float:
    """Return what the learning rates are multiplied by; found once in the life of the run."""
    if "learning_rate_range" not in folder.record["decisions"]:
        factors = swept_factors()
        found = found_in(factors, loop.sweep(number, stage, factors))
        loop.accelerator.wait_for_everyone()
        if loop.accelerator.is_main_process:
            say(
                f"{stage.phase.name}: learning rate {stage.phase.learning_rate * found.factor:.2g}."
            )
            decisions = {**folder.record["decisions"], "learning_rate_range": asdict(found)}
            folder.write_record(decisions=decisions)
        loop.accelerator.wait_for_everyone()
    return folder.record["decisions"]["learning_rate_range"]["factor"]


def _end(setting: Setting, before: Mapping[str, Tensor] | None, loop: Loop, last: Phase) -> End:
    device = setting.start.network.device

    def figures(network: nn.Module) -> dict[str, float]:
        return loop.validate(network, validation_inputs(last, setting))

    def inputs() -> Iterator[Tree]:
        for batch, _ in training_inputs(last, setting).epoch(0, 0):
            yield to_device(batch, device)

    return End(setting.start, setting.start.network, before, figures, inputs)


def _tell_resting(stage: Stage, penalties: Mapping[str, Penalty]) -> None:
    for name in penalties:
        if name not in stage.penalties:
            say(f"{stage.phase.name}: {name} rests, for the head alone trains.")
