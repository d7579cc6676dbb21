"""The training loop, to be read top to bottom: phases, epochs, steps, validation, checkpoints."""

import contextlib
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.progress import say, track
from finetrust.core.run_folder import RunFolder
from finetrust.models.inference import Inference
from finetrust.models.network import freeze_all_but, train_mode
from finetrust.models.tree import Tree, joined, leaves, mapped, n_items, split, to_device
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
from finetrust.tuning.disturbance import Disturbance
from finetrust.tuning.optimizer import parameter_groups, set_rates
from finetrust.tuning.perturbation import perturbed, same_draws
from finetrust.tuning.plan import Plan
from finetrust.tuning.strategy import Phase
from finetrust.tuning.training_loss import TrainingLoss
from finetrust.tuning.validated import Validated

if TYPE_CHECKING:
    from accelerate import Accelerator

_SECONDS_BETWEEN_CHECKPOINTS = 10.0
_TOO_FAST = "Lower --learning-rate, or choose --precision fp32."
_ONE_VALUE = "Expected more than 1 value per channel"
"""What torch says of a norm over a batch that has nothing to be normed by."""

OnEpoch = Callable[[Mapping[str, Any]], None]


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
    disturbance : Disturbance or None
        What changes the inputs of every training pass, if anything does.
    """

    phase: Phase
    module: nn.Module
    rates: dict[str, float]
    batches: Batches
    validation: Batches
    frozen: Inference | None = None
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    disturbance: Disturbance | None = None

    def states(self) -> dict[str, dict[str, Tensor]]:
        """Return what the penalties have learned, by their names."""
        states = {name: penalty.state() for name, penalty in self.penalties.items()}
        return {name: state for name, state in states.items() if state}


@dataclass(frozen=True)
class _Training:
    """What trains in a stage, and by what."""

    module: nn.Module
    trainable: dict[str, nn.Parameter]
    optimizer: torch.optim.Optimizer
    lowered: TrainingLoss
    penalties: Sequence[Penalty]
    mix: Mix | None


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
    on_epoch : callable, optional
        Is told the log's line of every epoch once it is written; what it raises ends the run there.
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
        on_epoch: OnEpoch | None = None,
    ) -> None:
        self.task, self.options, self.mix, self.plan = task, options, mix, plan
        self.on_epoch = on_epoch
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

    def run(self, index: int, stage: Stage, afresh: bool = False) -> None:
        """Train one stage, or what is left of it; `stage.module` then holds the best weights so far.

        An epoch is better than another by the primary validation figure, then by the loss, also
        across phases: a phase that only makes things worse ends where it began, unless it is judged
        `afresh`.
        """
        best_file = self.folder.checkpoints / f"phase-{index:02d}.safetensors"
        if index < self.position.phase:
            load_state(stage.module, best_file)
            return
        accelerator, position = self.accelerator, self.position
        if afresh and position.step == 0:
            position = position.moved(best=None)
        averager = self.plan.averager(stage.module.to(accelerator.device), stage.phase)
        average = None if averager is None else averager.average
        schedule = self.plan.schedule(stage.phase, self.options.warmup)
        training = self._training(stage)
        module = training.module
        if self.resume_from is not None:
            load_checkpoint(self.resume_from, accelerator, average, stage.states())
            self.resume_from = None
        steps = stage.phase.epochs * stage.batches.per_epoch
        carried = position.step == 0 and position.best is not None
        best = _copied(stage.module.state_dict()) if carried else {}
        saved = start = time.perf_counter()

        while position.epoch < stage.phase.epochs and not self._stale(position):
            train_mode(module)
            batches = stage.batches.epoch(position.epoch, position.batch)
            label = f"{stage.phase.name}, epoch {position.epoch + 1}/{stage.phase.epochs}"
            for inputs, targets in track(batches, label, stage.batches.per_epoch - position.batch):
                self._seed(index, position.step)
                set_rates(training.optimizer, schedule.factor(position.step, steps))
                loss, terms, micro = self._step(training, inputs, targets, position)
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
                    self._save(position, average, stage.states(), best_file, best)
                    saved = time.perf_counter()
            judged = (
                module if averager is None else self._averaged(averager, module, stage, position)
            )
            figures = self.validate(judged, stage.validation)
            if not math.isfinite(figures.get("loss", 0.0)):
                raise UserError(
                    f"the validation loss became {figures['loss']} after step {position.step}",
                    _TOO_FAST,
                )
            position, better = self._judge(stage, position, figures)
            if better:
                best = _copied(accelerator.get_state_dict(judged))
            seconds, start = time.perf_counter() - start, time.perf_counter()
            rate = stage.phase.learning_rate * schedule.factor(position.step - 1, steps)
            position = self._epoch_done(stage, position, figures, rate, seconds)
            if self._agreed(start - saved > _SECONDS_BETWEEN_CHECKPOINTS):
                self._save(position, average, stage.states(), best_file, best)
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

    def sweep(self, index: int, stage: Stage, factors: Sequence[float]) -> list[float]:
        """Return the losses of steps at the peak rates times `factors`, up to one that has none.

        Afterwards `stage` is bit for bit what it was.
        """
        with self._for_a_trial(stage) as training:
            label = f"{stage.phase.name}, learning-rate range"
            return self._steps(index, stage, training, factors, label)

    def trial(self, index: int, stage: Stage, steps: int) -> Validated:
        """Return what validation data say after so many steps; nothing if the loss became infinite.

        The rates rise and fall within these steps as they would in the whole phase. Afterwards
        `stage` is bit for bit what it was.
        """
        schedule = self.plan.schedule(stage.phase, self.options.warmup)
        factors = [schedule.factor(step, steps) for step in range(steps)]
        with self._for_a_trial(stage) as training:
            label = f"{stage.phase.name}, trial of rate {stage.phase.backbone_learning_rate:.2g}"
            losses = self._steps(index, stage, training, factors, label)
            if len(losses) < steps:
                return Validated({}, {}, stage.disturbance.share if stage.disturbance else 0.0)
            return self.validated(
                index, steps, training.module, stage.validation, stage.disturbance
            )

    @contextlib.contextmanager
    def _for_a_trial(self, stage: Stage) -> Iterator["_Training"]:
        """Lend what trains in a stage; at the end all that steps change is bit for bit what it was.

        A run that is resumed makes no trial, and must go on from the same state.
        """
        training = self._training(stage)
        before = {n: t.detach().clone() for n, t in stage.module.state_dict().items()}
        learned = [tensor.clone() for tensor in leaves(stage.states())]
        scaler = self.accelerator.scaler
        scale = None if scaler is None else scaler.state_dict()
        position = self.position
        yield training
        # Where memory runs out, the run finds so itself, whether or not it was killed after the trial.
        self.position = position
        self.accelerator.unwrap_model(training.module, keep_fp32_wrapper=False)
        stage.module.load_state_dict(before)
        for tensor, value in zip(leaves(stage.states()), learned, strict=True):
            tensor.copy_(value)
        if scaler is not None:
            scaler.load_state_dict(scale)

    def _steps(
        self, index: int, stage: Stage, training: "_Training", factors: Sequence[float], label: str
    ) -> list[float]:
        """Make a step at each of `factors` times the peak rates; return the losses while finite."""
        epochs = (stage.batches.epoch(number, 0) for number in itertools.count())
        batches = itertools.islice(itertools.chain.from_iterable(epochs), len(factors))
        train_mode(training.module)
        losses: list[float] = []
        for step, (inputs, targets) in enumerate(track(batches, label, len(factors))):
            self._seed(index, step)
            set_rates(training.optimizer, factors[step])
            try:
                position = self.position.moved(step=step)
                loss, _, micro = self._step(training, inputs, targets, position)
            except UserError:
                break
            self.position = self.position.moved(micro_batch=micro)
            losses.append(loss)
        return losses

    def _training(self, stage: Stage) -> "_Training":
        self.accelerator.free_memory()
        freeze_all_but(stage.module, set(stage.rates))
        stage.module.to(self.accelerator.device)
        trainable = {n: p for n, p in stage.module.named_parameters() if p.requires_grad}
        groups = parameter_groups(trainable, stage.rates, self.options.weight_decay)
        module, optimizer = self.accelerator.prepare(stage.module, self.plan.optimiser(groups))
        for penalty in stage.penalties.values():
            penalty.begin()
        lowered = TrainingLoss(self.objective, stage.penalties, stage.disturbance)
        mix = mixing(self.mix) if self.mix and stage.penalties else self.mix
        return _Training(module, trainable, optimizer, lowered, list(stage.penalties.values()), mix)

    def _step(
        self, training: "_Training", inputs: Tree, targets: Tree, position: Position
    ) -> tuple[float, dict[str, float], int]:
        """Make a step; return its loss, its terms and its micro-batch as :meth:`_step_gradients` does."""
        device = self.accelerator.device
        inputs, targets = to_device(inputs, device), to_device(targets, device)
        if training.mix is not None:
            inputs, targets = training.mix(inputs.float() / 255, targets)
        found = self._step_gradients(training, inputs, targets, position)
        if self.options.clip_norm is not None:
            trainable = list(training.trainable.values())
            self.accelerator.clip_grad_norm_(trainable, self.options.clip_norm)
        training.optimizer.step()
        for penalty in training.penalties:
            penalty.after_step(self._gathered)
        return found

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
        self, training: "_Training", inputs: Tree, targets: Tree, position: Position
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
            loss, micro = self._gradients(training, inputs, targets, position)
            return loss, training.lowered.terms(), micro
        with same_draws(self.accelerator.device):
            loss, micro = self._gradients(training, inputs, targets, position)
        terms = training.lowered.terms()
        with perturbed(training.module, training.trainable, perturbation):
            again = position.moved(micro_batch=micro)
            _, micro = self._gradients(training, inputs, targets, again)
        return loss, terms, micro

    def _gradients(
        self, training: "_Training", inputs: Tree, targets: Tree, position: Position
    ) -> tuple[float, int]:
        """Accumulate the gradients of one batch; return its mean loss and the micro-batch size.

        When memory runs out the micro-batch is halved and the batch is done again.
        """
        from accelerate.utils.memory import should_reduce_batch_size

        items = n_items(inputs)
        micro = position.micro_batch or items
        while True:
            training.optimizer.zero_grad(set_to_none=True)
            try:
                total = self._accumulate(training, inputs, targets, micro)
            except RuntimeError as error:
                if micro == 1 or not should_reduce_batch_size(error):
                    raise
                micro = math.ceil(min(micro, items) / 2)
                say(f"Out of memory: going on with {micro} items per forward pass.")
                continue
            except ValueError as error:
                if _ONE_VALUE not in str(error):
                    raise
                raise UserError(
                    f"step {position.step + 1}: batch norm cannot train on a single item whose feature "
                    f"map is one pixel (batch of {items}, at most {min(micro, items)} at a time)",
                    "Raise --batch-size and --micro-batch-size, or --input-size.",
                ) from error
            loss = float(total)
            if not math.isfinite(loss):
                raise UserError(
                    f"the training loss became {loss} at step {position.step + 1}", _TOO_FAST
                )
            return loss, micro if micro < items else position.micro_batch

    def _accumulate(self, training: "_Training", inputs: Tree, targets: Tree, micro: int) -> Tensor:
        module, lowered = training.module, training.lowered
        lowered.begin()
        total = torch.zeros((), device=self.accelerator.device)
        whole = micro >= n_items(inputs)
        parts = (
            [(inputs, targets)]
            if whole
            else list(zip(split(inputs, micro), split(targets, micro), strict=True))
        )
        shares = lowered.shares([wanted for _, wanted in parts])
        for number, ((part, wanted), share) in enumerate(zip(parts, shares, strict=True), start=1):
            more = number < len(parts)
            hold = self.accelerator.no_sync(module) if more else contextlib.nullcontext()
            with hold, self.accelerator.autocast():
                loss = lowered(module, part, wanted, share)
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def validated(
        self,
        index: int,
        step: int,
        module: nn.Module,
        validation: Batches,
        disturbance: Disturbance | None,
    ) -> Validated:
        """Return what validation data say of `module`, as they are and, if need be, disturbed.

        What a disturbance draws at random follows from the seed, the phase and the step.
        """
        plain = self.validate(module, validation)
        if disturbance is None:
            return Validated(plain, {}, 0.0)
        self._seed(index, step)
        disturbed = self.validate(module, validation, disturbance)
        return Validated(plain, disturbed, disturbance.share)

    @torch.no_grad()
    def validate(
        self, module: nn.Module, validation: Batches, disturbance: Disturbance | None = None
    ) -> dict[str, float]:
        """Return the task's figures of `module`, which is then in evaluation mode.

        Where there is a disturbance, it changes every input.
        """
        from accelerate.utils import gather_object

        module.eval()
        judged = []
        for batch in validation.epoch(0, 0):
            inputs, targets = (to_device(part, self.accelerator.device) for part in batch)
            with self.accelerator.autocast():
                if disturbance is not None:
                    inputs = self._changed(module, inputs, targets, disturbance)
                outputs = module(inputs)
            outputs = mapped(lambda t: t.float() if t.is_floating_point() else t, outputs)
            judged.append(self.task.judge(outputs, targets))
        everything = gather_object(judged)
        return self.task.figures(everything, self.classes) if everything else {}

    def _changed(
        self, module: nn.Module, inputs: Tree, targets: Tree, disturbance: Disturbance
    ) -> Tree:
        micro = self.position.micro_batch or n_items(inputs)
        parts = zip(split(inputs, micro), split(targets, micro), strict=True)
        return joined([disturbance.of_all(self.objective, module, *part) for part in parts])

    def _judge(
        self, stage: Stage, position: Position, figures: dict[str, float]
    ) -> tuple[Position, bool]:
        """Return whether this epoch is the best so far: by the primary metric, then by the loss."""
        metric, loss = figures.get(self.task.primary), figures.get("loss", 0.0)
        best = position.best
        higher = best is None or metric is None or (metric, -loss) > (best, -position.best_loss)
        better = higher or (self.plan.keeps_last and stage.frozen is None)
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
            batches = max(1, stage.batches.per_epoch)
            line = {
                "event": "epoch",
                "phase": stage.phase.name,
                "epoch": position.epoch + 1,
                "train_loss": position.loss_sum / batches,
                **{f"train_{name}": term / batches for name, term in position.term_sums.items()},
                **{f"val_{name}": value for name, value in figures.items()},
                "learning_rate": rate,
                "seconds": round(seconds, 3),
            }
            self.folder.append_log(**line)
            if self.on_epoch is not None:
                self.on_epoch(line)
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
        states: Mapping[str, Mapping[str, Tensor]],
        best_file: Path,
        best: dict[str, Tensor],
    ) -> None:
        if best and self.accelerator.is_main_process:
            save_state(best_file, best)
        save_checkpoint(self.folder.checkpoints, self.accelerator, position, average, states)

    def _gathered(self, tensor: Tensor) -> Tensor:
        padded = self.accelerator.pad_across_processes(tensor, pad_index=-1)
        return self.accelerator.gather(padded)

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
