"""The training loop, to be read top to bottom: phases, epochs, steps, validation, checkpoints."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.progress import say, track
from finetrust.core.run_folder import RunFolder
from finetrust.models.inference import Inference
from finetrust.models.network import freeze_all_but, train_mode
from finetrust.models.tree import Tree, mapped, n_items, split, to_device
from finetrust.tasks.task import Mix, Objective, Task
from finetrust.tuning.accompanied import mixing
from finetrust.tuning.addition import Penalty
from finetrust.tuning.averager import Averager
from finetrust.tuning.checkpoint import (
    Position,
    load_checkpoint,
    load_state,
    read_position,
    save_checkpoint,
    save_state,
)
from finetrust.tuning.optimizer import parameter_groups, set_rates
from finetrust.tuning.perturbation import perturbed, same_draws
from finetrust.tuning.plan import Plan
from finetrust.tuning.strategy import Phase
from finetrust.tuning.training_loss import TrainingLoss

if TYPE_CHECKING:
    from accelerate import Accelerator

_SECONDS_BETWEEN_CHECKPOINTS = 10.0


class Batches(Protocol):
    """This process's share of the items of one phase, in batches that depend on seed and epoch only."""

    per_epoch: int

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        """Yield inputs and targets of the batches of one epoch from batch `start` on."""
        ...


@dataclass(frozen=True)
class Stage:
    """One phase with all it works on.

    Parameters
    ----------
    phase : Phase
    module : nn.Module
        What trains: the whole network, or the head alone on cached features.
    rates : dict
        Peak learning rate of each parameter of `module` that trains, by name.
    batches : Batches
        Of the training data.
    validation : Batches
        Of the validation data, in their order; no batches if there are none.
    frozen : Inference or None
        The frozen backbone that turns inputs into features for `module`, if there is one.
    penalties : mapping of str to Penalty
        What is added to the loss. Where there are any, the targets of `batches` are accompanied (see
        :mod:`finetrust.tuning.accompanied`).
    """

    phase: Phase
    module: nn.Module
    rates: dict[str, float]
    batches: Batches
    validation: Batches
    frozen: Inference | None = None
    penalties: Mapping[str, Penalty] = field(default_factory=dict)


@dataclass(frozen=True)
class _Batch:
    """One batch on the device, and what trains on it."""

    module: nn.Module
    trainable: dict[str, nn.Parameter]
    optimizer: torch.optim.Optimizer
    inputs: Tree
    targets: Tree


class Loop:
    """Trains stage after stage, and can be killed and resumed at any step with the same result.

    Parameters
    ----------
    task : Task
    options : TuneOptions
    objective : Objective
    classes : sequence of str
    mix : callable or None
        Mixes the items of a batch.
    folder : RunFolder
    accelerator : Accelerator
    plan : Plan
        Whose additions say how a step is made, and what is kept of the weights.
    """

    def __init__(
        self,
        task: Task,
        options: TuneOptions,
        objective: Objective,
        classes: Sequence[str],
        mix: Mix | None,
        folder: RunFolder,
        accelerator: "Accelerator",
        plan: Plan,
    ) -> None:
        self.task, self.options, self.mix, self.plan = task, options, mix, plan
        self.classes = classes
        self.objective = objective.to(accelerator.device)
        self.folder, self.accelerator = folder, accelerator
        self.resume_from: Path | None = None
        self.position = Position(micro_batch=options.micro_batch_size or 0)
        found = read_position(folder.checkpoints)
        if found is not None:
            self.resume_from, self.position = found
        if accelerator.is_main_process:
            folder.truncate_log(self.position.log_lines)

    def run(self, index: int, stage: Stage) -> None:
        """Train one stage, or what is left of it; `stage.module` then holds the best weights so far.

        An epoch is better than another by the primary validation figure, then by the loss, also
        across phases: a phase that only makes things worse ends where it began.
        """
        best_file = self.folder.checkpoints / f"phase-{index:02d}.safetensors"
        if index < self.position.phase:
            load_state(stage.module, best_file)
            return
        accelerator, position = self.accelerator, self.position
        if index:
            accelerator.free_memory()
        freeze_all_but(stage.module, set(stage.rates))
        stage.module.to(accelerator.device)
        trainable = {n: p for n, p in stage.module.named_parameters() if p.requires_grad}
        groups = parameter_groups(trainable, stage.rates, self.options.weight_decay)
        optimizer = self.plan.optimiser(groups)
        averager = self.plan.averager(stage.module, stage.phase)
        average = None if averager is None else averager.average
        schedule = self.plan.schedule(stage.phase, self.options.warmup)
        module, optimizer = accelerator.prepare(stage.module, optimizer)
        if self.resume_from is not None:
            load_checkpoint(self.resume_from, accelerator, average)
            self.resume_from = None
        steps = stage.phase.epochs * stage.batches.per_epoch
        lowered = TrainingLoss(self.objective, stage.penalties)
        mix = mixing(self.mix) if self.mix and stage.penalties else self.mix
        carried = position.step == 0 and position.best is not None
        best = _copied(stage.module.state_dict()) if carried else {}
        saved = start = time.perf_counter()

        while position.epoch < stage.phase.epochs and not self._stale(position):
            train_mode(module)
            batches = stage.batches.epoch(position.epoch, position.batch)
            label = f"{stage.phase.name}, epoch {position.epoch + 1}/{stage.phase.epochs}"
            for inputs, targets in track(batches, label, stage.batches.per_epoch - position.batch):
                self._seed(index, position.step)
                set_rates(optimizer, schedule.factor(position.step, steps))
                inputs, targets = self._mixed(mix, inputs, targets)
                found = _Batch(module, trainable, optimizer, inputs, targets)
                loss, terms, micro = self._step_gradients(lowered, found, position)
                if self.options.clip_norm is not None:
                    accelerator.clip_grad_norm_(list(trainable.values()), self.options.clip_norm)
                optimizer.step()
                if averager is not None:
                    averager.after_step(accelerator.unwrap_model(module))
                position = position.moved(
                    batch=position.batch + 1,
                    step=position.step + 1,
                    loss_sum=position.loss_sum + loss,
                    term_sums=_added(position.term_sums, terms),
                    micro_batch=micro,
                )
                if self._is_due(position.step):
                    self._save(position, average, best_file, best)
                    saved = time.perf_counter()
            judged = (
                module if averager is None else self._averaged(averager, module, stage, position)
            )
            figures = self._validate(judged, stage.validation)
            position, better = self._judge(position, figures)
            if better:
                best = _copied(accelerator.get_state_dict(judged))
            seconds, start = time.perf_counter() - start, time.perf_counter()
            rate = stage.phase.learning_rate * schedule.factor(position.step - 1, steps)
            position = self._epoch_done(stage, position, figures, rate, seconds)
            if self._agreed(start - saved > _SECONDS_BETWEEN_CHECKPOINTS):
                self._save(position, average, best_file, best)
                saved = time.perf_counter()

        accelerator.wait_for_everyone()
        accelerator.unwrap_model(module, keep_fp32_wrapper=False)
        if best and accelerator.is_main_process:
            save_state(best_file, best)
        accelerator.wait_for_everyone()
        load_state(stage.module, best_file)
        self.position = Position(
            phase=index + 1,
            best=position.best,
            best_loss=position.best_loss,
            log_lines=position.log_lines,
            micro_batch=position.micro_batch,
        )

    def _mixed(self, mix: Mix | None, inputs: Tree, targets: Tree) -> tuple[Tree, Tree]:
        """Return a batch on the device, with its items mixed if they are to be."""
        inputs = to_device(inputs, self.accelerator.device)
        targets = to_device(targets, self.accelerator.device)
        return (inputs, targets) if mix is None else mix(inputs.float() / 255, targets)

    def _averaged(
        self, averager: Averager, module: nn.Module, stage: Stage, position: Position
    ) -> nn.Module:
        """Return what is judged of `module` in place of its own weights, after an epoch."""

        def inputs() -> Iterator[Tree]:
            for batch, _ in stage.batches.epoch(position.epoch, 0):
                yield to_device(batch, self.accelerator.device)

        plain = self.accelerator.unwrap_model(module)
        with self.accelerator.autocast():
            averager.after_epoch(plain, position.epoch, inputs)
        return averager.judged(module)

    def _step_gradients(
        self, lowered: TrainingLoss, batch: "_Batch", position: Position
    ) -> tuple[float, dict[str, float], int]:
        """Leave the gradients that the step is made by.

        Returns
        -------
        loss : float
            Mean over the batch, at the weights as they are.
        terms : dict of str to float
            What each penalty had in it.
        micro : int
            Items per forward pass from now on, as :class:`Position` has it.
        """
        perturbation = self.plan.perturbation()
        if perturbation is None:
            loss, micro = self._gradients(lowered, batch, position)
            return loss, lowered.terms(), micro
        with same_draws(self.accelerator.device):
            loss, micro = self._gradients(lowered, batch, position)
        terms = lowered.terms()
        with perturbed(batch.module, batch.trainable, perturbation):
            _, micro = self._gradients(lowered, batch, position.moved(micro_batch=micro))
        return loss, terms, micro

    def _gradients(
        self, lowered: TrainingLoss, batch: "_Batch", position: Position
    ) -> tuple[float, int]:
        """Accumulate the gradients of one batch; return its mean loss and the micro-batch size.

        When memory runs out the micro-batch is halved and the batch is done again.
        """
        from accelerate.utils.memory import should_reduce_batch_size

        items = n_items(batch.inputs)
        micro = position.micro_batch or items
        while True:
            batch.optimizer.zero_grad(set_to_none=True)
            try:
                total = self._accumulate(lowered, batch, micro)
            except RuntimeError as error:
                if micro == 1 or not should_reduce_batch_size(error):
                    raise
                micro = math.ceil(min(micro, items) / 2)
                say(f"Out of memory: going on with {micro} items per forward pass.")
                continue
            loss = float(total)
            if not math.isfinite(loss):
                raise UserError(
                    f"the training loss became {loss} at step {position.step + 1}",
                    "Lower --learning-rate, or choose --precision fp32.",
                )
            return loss, micro if micro < items else position.micro_batch

    def _accumulate(self, lowered: TrainingLoss, batch: "_Batch", micro: int) -> Tensor:
        module, inputs, targets = batch.module, batch.inputs, batch.targets
        lowered.begin()
        total = torch.zeros((), device=self.accelerator.device)
        items = n_items(inputs)
        whole = micro >= items
        parts = (
            [(inputs, targets)]
            if whole
            else list(zip(split(inputs, micro), split(targets, micro), strict=True))
        )
        for number, (part, wanted) in enumerate(parts, start=1):
            more = number < len(parts)
            hold = self.accelerator.no_sync(module) if more else contextlib.nullcontext()
            with hold, self.accelerator.autocast():
                loss = lowered(module, part, wanted, n_items(part) / items)
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    @torch.no_grad()
    def _validate(self, module: nn.Module, validation: Batches) -> dict[str, float]:
        from accelerate.utils import gather_object

        module.eval()
        judged = []
        for inputs, targets in validation.epoch(0, 0):
            with self.accelerator.autocast():
                outputs = module(to_device(inputs, self.accelerator.device))
            outputs = mapped(lambda t: t.float() if t.is_floating_point() else t, outputs)
            judged.append(self.task.judge(outputs, to_device(targets, self.accelerator.device)))
        everything = gather_object(judged)
        return self.task.figures(everything, self.classes) if everything else {}

    def _judge(self, position: Position, figures: dict[str, float]) -> tuple[Position, bool]:
        """Return whether this epoch is the best so far: by the primary metric, then by the loss."""
        metric, loss = figures.get(self.task.primary), figures.get("loss", 0.0)
        best = position.best
        better = best is None or metric is None or (metric, -loss) > (best, -position.best_loss)
        if not better:
            return position, False
        return position.moved(best=metric, best_loss=loss, best_epoch=position.epoch + 1), True

    def _epoch_done(
        self,
        stage: Stage,
        position: Position,
        figures: dict[str, float],
        rate: float,
        seconds: float,
    ) -> Position:
        if self.accelerator.is_main_process:
            self.folder.append_log(
                event="epoch",
                phase=stage.phase.name,
                epoch=position.epoch + 1,
                train_loss=position.loss_sum / max(1, stage.batches.per_epoch),
                **{
                    f"train_{name}": term / max(1, stage.batches.per_epoch)
                    for name, term in position.term_sums.items()
                },
                **{f"val_{name}": value for name, value in figures.items()},
                learning_rate=rate,
                seconds=round(seconds, 3),
            )
        return position.moved(
            epoch=position.epoch + 1,
            batch=0,
            loss_sum=0.0,
            term_sums={},
            log_lines=position.log_lines + 1,
        )

    def _is_due(self, step: int) -> bool:
        every = self.options.checkpoint_steps
        return every is not None and step % every == 0

    def _agreed(self, here: bool) -> bool:
        """Return what the main process says, in every process."""
        from accelerate.utils import broadcast_object_list

        if self.accelerator.num_processes == 1:
            return here
        return broadcast_object_list([here])[0]

    def _save(
        self,
        position: Position,
        average: nn.Module | None,
        best_file: Path,
        best: dict[str, Tensor],
    ) -> None:
        if best and self.accelerator.is_main_process:
            save_state(best_file, best)
        save_checkpoint(self.folder.checkpoints, self.accelerator, position, average)

    def _stale(self, position: Position) -> bool:
        patience = self.options.patience
        return patience is not None and position.epoch - position.best_epoch >= patience

    def _seed(self, phase: int, step: int) -> None:
        """Make dropout, stochastic depth and mixing a function of seed, phase, step and rank."""
        entropy = (self.options.seed, phase, step, self.accelerator.process_index)
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        torch.default_generator.manual_seed(seed)
        if self.accelerator.device.type == "cuda":
            torch.cuda.manual_seed(seed)


def _added(sums: Mapping[str, float], terms: Mapping[str, float]) -> dict[str, float]:
    return {name: sums.get(name, 0.0) + term for name, term in terms.items()}


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix("module."): tensor.detach().to("cpu", copy=True)
        for name, tensor in state.items()
    }
