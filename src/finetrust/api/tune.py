"""finetrust.tune: from a pretrained model and labelled data to a fine-tuned model in a run folder."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.api.out_folder import open_folder
from finetrust.api.run import Run
from finetrust.api.versions import versions
from finetrust.config import TuneOptions, make_options, read_yaml
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.core.run_folder import RunFolder
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.data.report import check
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models import saved
from finetrust.models.assemble import Assembled, assemble
from finetrust.models.features import compute_features, network_outputs
from finetrust.models.inference import Inference, choose_precision
from finetrust.models.layers import layer_names
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import find_architecture
from finetrust.tasks.task import Task, tasks
from finetrust.trust.accuracy.calibrate import calibrate
from finetrust.tuning.accelerator import check_device, new_accelerator
from finetrust.tuning.batches import FeatureBatches, ImageBatches
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.optimizer import layer_rates
from finetrust.tuning.strategy import Phase, strategies


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
    given = {key: value for key, value in options.items() if value is not None}
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
    if options.data is None:
        raise UserError("no data are given", "Name them with --data.")
    if options.out is None:
        parts = (Path(options.model or "model").name, options.strategy, Path(options.data).name)
        name = "-".join(p.replace(":", "_") for p in parts)
        options = options.model_copy(update={"out": f"runs/{name}"})
    return options


def _tune(
    options: TuneOptions,
    data: str | Path | Dataset | None,
    module: nn.Module | None,
    preprocessing: Preprocessing | None,
    resume: bool,
) -> Run:
    start = time.perf_counter()
    assert options.out is not None
    assert options.data is not None
    folder = open_folder(Path(options.out), options.model_dump(), resume)
    if resume and folder.record.get("status") == "finished":
        say(f"{folder.path}: this run is finished; nothing is left to do.")
        return Run(folder, module=module, allow_code=options.model)
    task, strategy = tasks.get(options.task), strategies.get(options.strategy)
    check_device(options.device)
    if module is None and options.model is not None and "." not in options.model:
        find_architecture(options.model, options.model_args)
    source = data if isinstance(data, Dataset) else options.data
    dataset = open_dataset(source, DataOptions.of(options))
    torch.manual_seed(options.seed)
    assembled = assemble(options, module, preprocessing)

    accelerator = new_accelerator(options.device, options.precision)
    with accelerator.main_process_first():
        dataset, report, index = check(
            dataset,
            on_error=options.on_error,
            workers=options.workers,
            val_fraction=options.val_fraction,
            test_fraction=options.test_fraction,
        )
    train, val = dataset.split("train"), dataset.split("val")
    torch.manual_seed(options.seed)
    network = assembled.network(task.new_head(assembled.parts.features, dataset.classes))
    network.to(accelerator.device)
    phases = strategy(options, len(layer_names(network.backbone)))
    if accelerator.is_main_process:
        say(report)
        folder.write_config(options.model_dump(mode="json"))
        report.save(folder.data_report_file)
        index.save(folder.data_index_file)
        folder.write_record(
            **_facts(options, assembled, network, dataset),
            status="running",
        )
    accelerator.wait_for_everyone()
    decisions = _decisions(options, network, train, folder, str(accelerator.device))
    if accelerator.is_main_process:
        folder.write_record(decisions=decisions)

    mix = task.mix(options, dataset.classes)
    loss = task.loss(options, train)
    loop = Loop(task, options, loss, mix, decisions["batch_size"], folder, accelerator)
    share = (accelerator.process_index, accelerator.num_processes)
    done = []
    for number, phase in enumerate(phases):
        began = time.perf_counter()
        cached = options.cache and mix is None and phase.trainable_layers == 0 and phase.augment == "none"
        make = _cached_stage if cached else _stage
        with accelerator.main_process_first():
            stage = make(network, phase, train, val, options, decisions, share)
        loop.run(number, stage)
        done.append(_phase_facts(phase, stage, cached, time.perf_counter() - began))
    if not accelerator.is_main_process:
        return Run(folder)
    _finish(task, options, network, assembled, dataset, decisions, folder)
    folder.write_record(phases=done, status="finished", seconds=round(time.perf_counter() - start, 2))
    return Run(folder, module=module, allow_code=options.model)


def _stage(
    network: Network, phase: Phase, train: Dataset, val: Dataset, options: TuneOptions,
    decisions: dict[str, Any], share: tuple[int, int],
) -> Stage:  # fmt: skip
    preprocessing = network.preprocessing

    def batches(part: Dataset, transform: Callable[..., Tensor], seed: int | None) -> ImageBatches:
        size = decisions["batch_size"]
        return ImageBatches(part, transform, size, seed, options.workers, share)

    network.backbone.to(memory_format=torch.channels_last)
    return Stage(
        phase,
        network,
        layer_rates(network, phase),
        batches(train, preprocessing.augmented(phase.augment), options.seed),
        batches(val, preprocessing.transform(), None),
    )


def _cached_stage(
    network: Network, phase: Phase, train: Dataset, val: Dataset, options: TuneOptions,
    decisions: dict[str, Any], share: tuple[int, int],
) -> Stage:  # fmt: skip
    inference = Inference(network, decisions["inference_precision"])

    def batches(part: Dataset, seed: int | None) -> FeatureBatches:
        features = compute_features(inference, part, options.workers)
        return FeatureBatches(features, part.targets, decisions["batch_size"], seed, share)

    rates = layer_rates(network, phase)
    head_rates = {name.removeprefix("head."): rate for name, rate in rates.items()}
    return Stage(
        phase, network.head, head_rates, batches(train, options.seed), batches(val, None)
    )


def _decisions(
    options: TuneOptions, network: Network, train: Dataset, folder: RunFolder, device: str
) -> dict[str, Any]:
    """Return what was chosen for the user: measured once, then kept for the life of the run."""
    if "decisions" in folder.record:
        return folder.record["decisions"]
    precision = options.precision
    if precision == "auto":
        say("Measuring whether bf16 is faster here ...")
        some = train.take(range(min(32, len(train))))
        transform = network.preprocessing.transform()
        images = torch.stack([transform(some.inputs[i]) for i in range(len(some))])
        precision = choose_precision(network, images)
    size = options.batch_size
    if size == "auto":
        size = min(64, max(8, 2 ** int(math.log2(max(1, len(train) / 16)))))
    return {
        "device": device,
        "training_precision": options.precision if options.precision != "auto" else "fp32",
        "inference_precision": "bf16" if precision in ("bf16", "fp16") else "fp32",
        "batch_size": min(size, len(train)),
    }


def _facts(
    options: TuneOptions, assembled: Assembled, network: Network, dataset: Dataset
) -> dict[str, Any]:
    splits = {f"n_{name}": int((dataset.splits == name).sum()) for name in SPLITS}
    provenance = asdict(assembled.provenance)
    parameters = sum(p.numel() for p in network.parameters())
    return {
        "task": options.task,
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


def _phase_facts(phase: Phase, stage: Stage, cached: bool, seconds: float) -> dict[str, Any]:
    trainable = {n: p.numel() for n, p in stage.module.named_parameters() if n in stage.rates}
    return {
        "name": phase.name,
        "epochs": phase.epochs,
        "trainable_parameters": sum(trainable.values()),
        "learning_rate": phase.learning_rate,
        "backbone_learning_rate": phase.backbone_learning_rate,
        "layer_decay": phase.layer_decay,
        "augment": phase.augment,
        "cached": cached,
        "seconds": round(seconds, 2),
    }


def _finish(
    task: Task,
    options: TuneOptions,
    network: Network,
    assembled: Assembled,
    dataset: Dataset,
    decisions: dict[str, Any],
    folder: RunFolder,
) -> None:
    """Judge the network on validation data, fit the calibration there, and save everything."""
    val = dataset.split("val")
    calibration: dict[str, Any] = {}
    if len(val):
        inference = Inference(network, decisions["inference_precision"])
        outputs = network_outputs(inference, val, options.workers)
        targets = torch.from_numpy(val.targets)
        predictions = task.predictions(val.ids, outputs, targets)
        replace(predictions, split="val").save(folder.predictions / "val" / "clean.parquet")
        calibration = calibrate(predictions)
        folder.write_record(validation=task.validate(outputs.cpu(), targets))
    folder.write_record(calibration=calibration)
    saved.save(
        saved.SavedModel(
            network.cpu(),
            options.task,
            dataset.classes,
            assembled.provenance,
            assembled.architecture,
            calibration,
        ),
        folder.model,
    )
