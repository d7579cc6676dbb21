"""From a phase of a strategy to what the loop trains, and the batches it trains on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from finetrust.config import TuneOptions
from finetrust.data.dataset import Dataset
from finetrust.data.samples import Samples
from finetrust.models.features import compute_features, fits
from finetrust.models.inference import Inference, InferencePrecision
from finetrust.models.tree import Tree, mapped
from finetrust.tasks.task import Mix
from finetrust.tuning.accompanied import AccompaniedSamples, with_rows
from finetrust.tuning.addition import Penalty, Start
from finetrust.tuning.batches import FeatureBatches, InputBatches, Share
from finetrust.tuning.disturbance import Disturbance
from finetrust.tuning.loop import Batches, Stage
from finetrust.tuning.optimizer import layer_rates
from finetrust.tuning.plan import Plan
from finetrust.tuning.strategy import Phase


@dataclass(frozen=True)
class Setting:
    """What all phases of a run have in common."""

    start: Start
    plan: Plan
    val: Dataset
    mix: Mix | None
    precision: InferencePrecision
    share: Share
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    disturbance: Disturbance | None = None


def make_stage(phase: Phase, setting: Setting, prepared: Inference | None = None) -> Stage:
    """Return the stage of `phase`.

    Where the backbone is frozen the head alone trains, on features that come from the cache if
    the inputs are the same in every epoch, and from a pass through the backbone otherwise.

    Parameters
    ----------
    phase : Phase
    setting : Setting
    prepared : Inference, optional
        The network as it stands, already prepared for inference.
    """
    start, frozen = setting.start, _is_frozen(phase, setting)
    trains = setting.plan.trains(start, phase) if phase.trains_backbone else None
    rates = layer_rates(start.network, phase, trains)
    acting = {
        name: penalty
        for name, penalty in setting.penalties.items()
        if not (frozen and (penalty.of_inputs or penalty.of_backbone))
    }
    train, samples = _training(phase, setting, acting)
    order = _order_seed(start.options)
    if not frozen:
        inputs = _inputs(train, samples, phase, setting, start.options.seed)
        validation: Batches = validation_inputs(phase, setting)
        disturbance = setting.disturbance if phase.trains_backbone else None
        return Stage(phase, start.network, rates, inputs, validation, None, acting, disturbance)
    inference = prepared or Inference(start.network, setting.precision)
    of_head = {name.removeprefix("head."): rate for name, rate in rates.items()}
    features: Batches = (
        _cached(inference, phase, setting, train, samples, order)
        if _is_cached(phase, setting) and fits(inference, train)
        else _PassedThrough(_inputs(train, samples, phase, setting, start.options.seed), inference)
    )
    validation = (
        _cached(inference, phase, setting, setting.val, _samples(setting, "none"), None)
        if start.options.cache and fits(inference, setting.val)
        else _PassedThrough(validation_inputs(phase, setting), inference)
    )
    return Stage(phase, start.network.head, of_head, features, validation, inference, acting)


def batch_size(phase: Phase, setting: Setting) -> int:
    """Return how many items an optimiser step of `phase` takes, in all processes together.

    Where the user does not say: about 16 steps an epoch, of 8 to 64 items, and of up to 256 where
    a step costs next to nothing because the backbone is frozen.
    """
    items, (_, processes) = len(setting.start.train), setting.share
    chosen = setting.start.options.batch_size
    if isinstance(chosen, int):
        return max(min(chosen, items), processes)
    most = 64 if phase.trains_backbone else 256
    sixteenth = 1 << max(items // 16, 1).bit_length() - 1
    return max(min(most, max(8, sixteenth), items), processes)


class _PassedThrough:
    """Batches of features, computed from batches of inputs as they come."""

    def __init__(self, inputs: Batches, inference: Inference) -> None:
        self._inputs, self._inference = inputs, inference
        self.per_epoch = inputs.per_epoch

    def epoch(self, epoch: int, start: int) -> Iterator[tuple[Tree, Tree]]:
        for inputs, targets in self._inputs.epoch(epoch, start):
            # A clone made outside of inference mode may take part in a backward pass.
            yield mapped(lambda t: t.clone(), self._inference.features(inputs)), targets


def _is_frozen(phase: Phase, setting: Setting) -> bool:
    """Return whether the head alone trains, on features of a backbone that stays as it is."""
    return not phase.trains_backbone and setting.mix is None


def _is_cached(phase: Phase, setting: Setting) -> bool:
    """Return whether `phase` trains on features that are computed once, if they fit on the disk."""
    deterministic = phase.augment == "none"
    return setting.start.options.cache and _is_frozen(phase, setting) and deterministic


def _training(
    phase: Phase, setting: Setting, penalties: Mapping[str, Penalty]
) -> tuple[Dataset, Samples]:
    """Return the training data, with what penalties need beside each item."""
    samples = _samples(setting, phase.augment)
    if not penalties:
        return setting.start.train, samples
    made = {name: penalty.companion(phase.augment) for name, penalty in penalties.items()}
    companions = {name: companion for name, companion in made.items() if companion is not None}
    return with_rows(setting.start.train), AccompaniedSamples(samples, companions)


def _cached(
    inference: Inference,
    phase: Phase,
    setting: Setting,
    part: Dataset,
    samples: Samples,
    seed: int | None,
) -> FeatureBatches:
    features = compute_features(inference, part, setting.start.options.workers)
    size = batch_size(phase, setting)
    return FeatureBatches(features, part, samples, size, seed, setting.share)


def training_inputs(phase: Phase, setting: Setting) -> InputBatches:
    """Return the batches of training inputs of `phase` without what goes beside them."""
    samples = _samples(setting, phase.augment)
    return _inputs(setting.start.train, samples, phase, setting, setting.start.options.seed)


def validation_inputs(phase: Phase, setting: Setting) -> InputBatches:
    """Return the batches of all validation inputs, as they are."""
    return _inputs(setting.val, _samples(setting, "none"), phase, setting, None)


def _inputs(
    part: Dataset, samples: Samples, phase: Phase, setting: Setting, seed: int | None
) -> InputBatches:
    return InputBatches(
        part,
        samples,
        setting.start.network.preprocessing,
        batch_size(phase, setting),
        seed,
        None if seed is None else _order_seed(setting.start.options),
        setting.share,
        setting.start.options.workers,
    )


def _order_seed(options: TuneOptions) -> int:
    return options.seed if options.order_seed is None else options.order_seed


def _samples(setting: Setting, augment: str) -> Samples:
    return setting.start.task.samples(setting.start.network.preprocessing, augment)
