"""The contract of all strategies, and what each one trains, when, and how fast."""

from pathlib import Path

import pytest
import torch
from torch import nn

from finetrust.config import ModelOptions, TuneOptions
from finetrust.models.assemble import assemble_classifier, classifier_network
from finetrust.models.layers import layer_names
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.optimizer import Schedule, layer_rates, parameter_groups, pretrained_layers
from finetrust.tuning.strategy import Phase, strategies

from .runs import tuned, weights_of

OPTIONS = TuneOptions(model="glyphnet", data="digits")
DEFAULTS = TrainingDefaults()


def planned(name: str, layers: int, defaults: TrainingDefaults = DEFAULTS, **chosen) -> list[Phase]:
    return strategies.get(name)(OPTIONS.model_copy(update=chosen), layers, defaults)


def network():
    assembled = assemble_classifier(ModelOptions(model="glyphnet"))
    return classifier_network(
        assembled.parts.backbone,
        torch.nn.Linear(assembled.parts.features, 10),
        assembled.preprocessing,
    )


@pytest.mark.parametrize("name", strategies.names())
@pytest.mark.parametrize("epochs", [None, 1, 2, 7])
@pytest.mark.parametrize("layers", [1, 4, 20])
def test_every_strategy_plans_phases_that_train_the_head(
    name: str, epochs: int | None, layers: int
) -> None:
    phases = planned(name, layers, epochs=epochs)
    assert phases
    assert len({phase.name for phase in phases}) == len(phases)
    for phase in phases:
        assert phase.epochs >= 1
        assert phase.learning_rate > 0
        assert phase.trainable_layers is None or 0 <= phase.trainable_layers <= layers


@pytest.mark.parametrize("name", strategies.names())
def test_every_strategy_takes_the_users_rates_and_augmentation(name: str) -> None:
    chosen = {"learning_rate": 0.123, "backbone_learning_rate": 0.0456, "augment": "trivialaugment"}
    last = planned(name, 4, **chosen)[-1]
    assert last.learning_rate == 0.123
    assert last.augment == "trivialaugment"
    assert last.trainable_layers == 0 or last.backbone_learning_rate == 0.0456


@pytest.mark.parametrize("name", strategies.names())
def test_every_strategy_takes_the_tasks_defaults_where_the_user_says_nothing(name: str) -> None:
    task = TrainingDefaults(0.5, 0.25, backbone_share=0.125, layer_decay=0.75, augment="crop")
    for phase in planned(name, 4, task):
        if phase.trainable_layers == 0:
            assert (phase.learning_rate, phase.augment) == (0.5, "none")
        else:
            assert (phase.learning_rate, phase.augment) == (0.25, "crop")
            assert (phase.backbone_learning_rate, phase.layer_decay) == (0.25 / 8, 0.75)
    first = planned(name, 4, task)[0]
    assert (first.trainable_layers == 0) == (name != "full")


@pytest.mark.parametrize("name", strategies.names())
def test_every_strategy_runs_and_learns_more_than_chance(name: str, tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy=name, epochs=5, augment="none")
    assert run.folder.record["validation"]["accuracy"] > 0.3


def test_lp_ft_begins_full_fine_tuning_from_the_head_of_the_probe(tmp_path: Path) -> None:
    probe = tuned(tmp_path / "probe", strategy="linear-probe", epochs=20)
    both = tuned(
        tmp_path / "both",
        strategy="lp-ft",
        epochs=1,
        learning_rate=1e-9,
        augment="none",
    )
    phases = both.folder.record["phases"]
    assert [(p["name"], p["cached"]) for p in phases] == [("linear-probe", True), ("full", False)]
    assert phases[0]["trainable_parameters"] < phases[1]["trainable_parameters"]
    found, expected = (weights_of(run)["head.weight"] for run in (both, probe))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_phase_that_only_makes_things_worse_ends_where_it_began(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy="lp-ft", epochs=2, learning_rate=0.5, clip_norm=None)
    log = run.folder.log
    probe = max(line["val_accuracy"] for line in log if line["phase"] == "linear-probe")
    assert max(line["val_accuracy"] for line in log if line["phase"] == "full") < probe
    assert run.folder.record["validation"]["accuracy"] == probe


def test_full_fine_tuning_changes_every_weight(tmp_path: Path) -> None:
    before = {f"backbone.{k}": v for k, v in network().backbone.state_dict().items()}
    after = weights_of(tuned(tmp_path / "run", strategy="full"))
    kept = [k for k in before if "num_batches" not in k and torch.equal(before[k], after[k])]
    assert not kept


def test_a_frozen_part_keeps_its_batch_norm_statistics_while_the_rest_trains(
    tmp_path: Path,
) -> None:
    top_only = Phase("top", 2, 1, 0.1, 0.1, 1.0, "none")
    strategies.add("top-layer-only", lambda options, layers, defaults: [top_only])
    try:
        after = weights_of(tuned(tmp_path / "run", strategy="top-layer-only"))
    finally:
        del strategies._entries["top-layer-only"]
    before = {f"backbone.{k}": v for k, v in network().backbone.state_dict().items()}
    top = layer_names(network().backbone)[-1][0]
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert f"backbone.{top}.bn1.running_mean" in changed
    assert all(k.startswith(f"backbone.{top}.") for k in changed)


def test_gradual_unfreezing_opens_the_layers_from_the_top() -> None:
    phases = planned("gradual-unfreeze", 4, epochs=10)
    assert [p.trainable_layers for p in phases] == [0, 1, 2, 3, None]
    assert sum(p.epochs for p in phases) == 10


def test_lower_layers_learn_more_slowly_and_all_from_scratch_alike() -> None:
    net = network()
    names = layer_names(net.backbone)
    for weights, falls in (("pretrained", True), ("random", False)):
        rates = layer_rates(net, planned("full", len(names), weights=weights)[0])
        by_layer = [{rates[f"backbone.{n}"] for n in members} for _, members in names]
        assert all(len(found) == 1 for found in by_layer)
        top_down = [found.pop() for found in by_layer][::-1]
        assert top_down == sorted(top_down, reverse=True)
        assert (top_down[0] > top_down[-1]) is falls
        assert (rates["head.weight"] > top_down[0]) is falls


class Neck(nn.Module):
    """A head of which the first layers are pretrained, as in a detector, and the last one is new."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        self.out = nn.Linear(8, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.out(self.tower(features))


FRESH = frozenset({"head.out.weight", "head.out.bias"})


def with_pretrained_head() -> Network:
    backbone = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Conv2d(4, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    preprocessing = Preprocessing(16, 16, "bilinear", (0.5,) * 3, (0.5,) * 3)
    return Network(backbone, Neck(), preprocessing, fresh=FRESH)


def test_the_pretrained_part_of_a_head_forms_the_top_layers() -> None:
    net = with_pretrained_head()
    layers = pretrained_layers(net)
    assert len(layers) > 2
    parts = [{name.split(".")[0] for name in names} for names in layers]
    assert parts == sorted(parts, key=lambda part: part == {"head"})
    assert parts[-1] == {"head"}
    everything = {name for name, _ in net.named_parameters()}
    listed = [name for names in layers for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == everything - FRESH


def test_only_what_is_new_in_a_head_trains_in_a_probe() -> None:
    net = with_pretrained_head()
    [probe] = planned("linear-probe", len(pretrained_layers(net)))
    assert layer_rates(net, probe) == dict.fromkeys(FRESH, DEFAULTS.probe_rate)


def test_the_pretrained_part_of_a_head_thaws_first_and_learns_more_slowly_than_what_is_new() -> (
    None
):
    net = with_pretrained_head()
    layers = pretrained_layers(net)
    _, top, *_ = planned("gradual-unfreeze", len(layers), epochs=len(layers) + 1)
    assert top.trainable_layers == 1
    rates = layer_rates(net, top)
    assert set(rates) == {*FRESH, *layers[-1]}
    assert {rates[name] for name in FRESH} == {DEFAULTS.full_rate}
    assert {rates[name] for name in layers[-1]} == {DEFAULTS.full_rate * DEFAULTS.backbone_share}
    every = layer_rates(net, planned("full", len(layers))[0])
    for depth, names in enumerate(layers[::-1]):
        expected = DEFAULTS.full_rate * DEFAULTS.backbone_share * DEFAULTS.layer_decay**depth
        assert [every[name] for name in names] == pytest.approx([expected] * len(names))


def test_norms_and_biases_take_no_weight_decay() -> None:
    net = network()
    parameters = dict(net.named_parameters())
    groups = parameter_groups(parameters, dict.fromkeys(parameters, 0.1), 0.01)
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    for name, parameter in parameters.items():
        assert decay[id(parameter)] == (0.01 if parameter.ndim > 1 else 0.0), name


def test_the_rate_warms_up_to_its_peak_and_falls_to_nothing() -> None:
    factors = [Schedule(0.1).factor(step, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert max(factors) == 1
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] < 1e-3
    assert Schedule(0.0).factor(0, 100) == 1
