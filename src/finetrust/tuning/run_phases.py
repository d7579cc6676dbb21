"""Running the phases of a plan one after another, and what they have come to."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import Tensor, nn

from finetrust.core.progress import say
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree, to_device
from finetrust.tuning.addition import End, Penalty
from finetrust.tuning.batches import FeatureBatches
from finetrust.tuning.found_rate import rate_factor, rated_phase
from finetrust.tuning.loop import Loop, Stage
from finetrust.tuning.rate_range import scaled
from finetrust.tuning.stages import (
    Setting,
    batch_size,
    make_stage,
    training_inputs,
    validation_inputs,
)
from finetrust.tuning.strategy import Phase
from finetrust.tuning.tried_rate import tried_rate
from finetrust.tuning.validated import Validated


@dataclass(frozen=True)
class Trained:
    """What the phases have come to.

    Parameters
    ----------
    phases : list of dict
        What the record says of each.
    additions : dict
        What the additions say at the end, by name.
    inference : Inference or None
        Of the network as it is now, with the features that the last phase cached; None where it cached
        none.
    """

    phases: list[dict[str, Any]]
    additions: dict[str, Any]
    inference: Inference | None

    @property
    def cached(self) -> bool:
        """Whether any phase worked on cached features."""
        return any(phase["cached"] for phase in self.phases)


def run_phases(
    phases: Sequence[Phase], setting: Setting, loop: Loop, prepared: Inference | None
) -> Trained:
    """Train phase after phase, and let the additions finish.

    Parameters
    ----------
    phases : sequence of Phase
    setting : Setting
        Its network is trained in place.
    loop : Loop
    prepared : Inference or None
        Of the network before its first step, in the main process.
    """
    plan, network, accelerator = setting.plan, setting.start.network, loop.accelerator
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
            plan.parametrise(setting.start)
            is_open = True
        with accelerator.main_process_first():
            stage = make_stage(phase, setting, prepared if number == 0 else None)
        if accelerator.is_main_process:
            _tell_resting(stage, setting.penalties)
        if setting.start.options.learning_rate == "auto" and number == rated_phase(phases):
            factor = rate_factor(number, stage, loop)
            phases = [*phases[:number], *(scaled(later, factor) for later in phases[number:])]
            rates = {name: rate * factor for name, rate in stage.rates.items()}
            stage = replace(stage, phase=phases[number], rates=rates)
        if setting.start.options.backbone_learning_rate == "auto" and opens:
            stage_of = partial(make_stage, setting=setting)
            rate = tried_rate(number, phases[number], stage_of, loop, len(setting.val))
            rated = (replace(later, backbone_learning_rate=rate) for later in phases[number:])
            phases = [*phases[:number], *rated]
            stage = stage_of(phases[number])
        loop.run(number, stage, afresh=opens and plan.reads_before)
        inference = stage.frozen and stage.frozen.with_head(network.head)
        done.append(_facts(stage, setting, time.perf_counter() - began))
    if is_open:
        plan.merge(network)
    said = plan.finish(_end(setting, before, loop, phases))
    return Trained(done, said, inference)


def _facts(stage: Stage, setting: Setting, seconds: float) -> dict[str, Any]:
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


def _end(
    setting: Setting, before: Mapping[str, Tensor] | None, loop: Loop, phases: Sequence[Phase]
) -> End:
    device, last = setting.start.network.device, phases[-1]
    disturbance = setting.disturbance if last.trains_backbone else None

    def validated(network: nn.Module) -> Validated:
        inputs = validation_inputs(last, setting)
        return loop.validated(len(phases), 0, network, inputs, disturbance)

    def inputs() -> Iterator[Tree]:
        for batch, _ in training_inputs(last, setting).epoch(0, 0):
            yield to_device(batch, device)

    return End(setting.start, setting.start.network, before, validated, inputs)


def _tell_resting(stage: Stage, penalties: Mapping[str, Penalty]) -> None:
    for name in penalties:
        if name not in stage.penalties:
            say(f"{stage.phase.name}: {name} rests, for the head alone trains.")
