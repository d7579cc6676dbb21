"""Adapters of peft: what they start from, what they merge to, and which layers have none."""

import copy
import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import peft
import pytest
import torch
from torch import Tensor, nn

from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.models.precision import some_inputs
from finetrust.tasks.task import tasks
from finetrust.tuning.adaptable import find_adaptable
from finetrust.tuning.adapters import Adapters
from finetrust.tuning.addition import Start
from finetrust.tuning.additions.dora import DoRA
from finetrust.tuning.additions.ia3 import IA3
from finetrust.tuning.additions.lora import LoRA
from finetrust.tuning.optimizer import parameter_groups
from models.tiny_encoders import gpt2_folder, minilm
from tasks.tiny_texts import data

from ..runs import tuned
from .adapted import NETWORKS, PHASE, answers, moved, pixels, start_of, started

KINDS: list[Adapters] = [LoRA(), DoRA(), IA3()]
EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@EACH_KIND
@pytest.mark.parametrize("name", NETWORKS)
def test_adapters_change_nothing_before_they_train_and_merge_to_the_same_answers(
    kind: Adapters, name: str
) -> None:
    start, inputs = started(name), pixels()
    network = start.network
    before, plain = answers(network, inputs), list(network.state_dict())
    shape, order = str(network), [name for name, _ in network.named_parameters()]
    untouched = copy.deepcopy(start)
    kind.parametrise(untouched)
    torch.testing.assert_close(answers(untouched.network, inputs), before, rtol=0, atol=1e-6)
    moved(kind, start)
    adapted = answers(network, inputs)
    assert (adapted - before).abs().max() > 1e-3
    kind.merge(network)
    torch.testing.assert_close(answers(network, inputs), adapted, rtol=0, atol=1e-5)
    assert list(network.state_dict()) == plain
    assert str(network) == shape
    assert [name for name, _ in network.named_parameters()] == order
    assert all(parameter.requires_grad for parameter in network.parameters())


@EACH_KIND
def test_every_adapter_takes_a_gradient_and_nothing_else_pretrained_may_train(
    kind: Adapters,
) -> None:
    for name in NETWORKS:
        start = started(name)
        pretrained = {f"backbone.{n}" for n, _ in start.network.backbone.named_parameters()}
        named = moved(kind, start)
        own = {n.replace(".base_layer", "") for n in named}
        assert not own & pretrained
        start.network(pixels()).square().sum().backward()
        assert [n for n, p in named.items() if p.grad is None or not p.grad.any()] == []


@EACH_KIND
def test_peft_itself_answers_and_merges_alike(kind: Adapters) -> None:
    start = started("timm's ViT")
    start.network.backbone.eval()
    theirs = peft.get_peft_model(
        copy.deepcopy(start.network.backbone),
        kind.config(find_adaptable(start, kind.fault), start.network.backbone),
    )
    named = moved(kind, start)
    of_peft = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, parameter in named.items():
            of_peft[f"base_model.model.{name.removeprefix('backbone.')}"].copy_(parameter)
    inputs = pixels()
    ours = start.network.backbone
    torch.testing.assert_close(answers(ours, inputs), answers(theirs, inputs), rtol=0, atol=0)
    kind.merge(start.network)
    merged = theirs.merge_and_unload().state_dict()
    assert merged.keys() == ours.state_dict().keys()
    for name, tensor in ours.state_dict().items():
        torch.testing.assert_close(tensor, merged[name], rtol=0, atol=0)


def merged_layer(kind: Adapters, layer: nn.Module) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return the weights of a layer before and after random adapters, and these."""
    first = nn.Conv2d(3, 32, 3) if isinstance(layer, nn.Conv2d) else nn.Linear(3072, 32)
    last = nn.Flatten() if isinstance(layer, nn.Conv2d) else nn.Identity()
    body = nn.Sequential(
        nn.Identity() if isinstance(layer, nn.Conv2d) else nn.Flatten(), first, layer, last
    )
    width = body(pixels()).shape[1]
    start = start_of(body, width)
    before = layer.weight.detach().clone()
    named = {
        name.removeprefix("backbone.2."): parameter.detach().clone()
        for name, parameter in moved(kind, start).items()
        if name.startswith("backbone.2.")
    }
    kind.merge(start.network)
    return before, body[2].weight.detach(), named


def low_rank(named: dict[str, Tensor], shape: torch.Size) -> Tensor:
    a, b = (named[f"lora_{part}.default.weight"].flatten(1) for part in "AB")
    return (b @ a).reshape(shape)


LAYERS = pytest.mark.parametrize(
    "layer", [nn.Linear(32, 48), nn.Conv2d(32, 48, 3)], ids=["linear", "conv"]
)


@LAYERS
def test_lora_adds_the_product_of_its_thin_matrices(layer: nn.Module) -> None:
    """Hu et al. 2022, eq. 3, by hand."""
    before, after, named = merged_layer(LoRA(rank=3, alpha=6), copy.deepcopy(layer))
    torch.testing.assert_close(after, before + 2 * low_rank(named, before.shape))


@LAYERS
def test_dora_sets_the_length_of_what_lora_has_turned(layer: nn.Module) -> None:
    """Liu et al. 2024, eq. 5, by hand, with a length for each output."""
    before, after, named = merged_layer(DoRA(rank=3, alpha=6), copy.deepcopy(layer))
    turned = before + 2 * low_rank(named, before.shape)
    lengths = named["lora_magnitude_vector.default.weight"].flatten()
    torch.testing.assert_close(after.flatten(1).norm(dim=1), lengths.abs())
    directions = nn.functional.normalize(turned.flatten(1))
    torch.testing.assert_close(nn.functional.normalize(after.flatten(1)), directions)


@pytest.mark.parametrize(
    ("layer", "axis"),
    [
        (nn.Linear(32, 48), 0),
        (nn.Linear(32, 8), 1),
        (nn.Conv2d(32, 48, 3), 0),
        (nn.Conv2d(32, 32, 3, groups=32), 0),
    ],
    ids=["widening", "narrowing", "conv", "depthwise"],
)
def test_ia3_scales_outputs_and_where_a_layer_narrows_inputs(layer: nn.Module, axis: int) -> None:
    before, after, named = merged_layer(IA3(), copy.deepcopy(layer))
    factors = named["ia3_l.default"].flatten()
    shape = [1] * before.ndim
    shape[axis] = len(factors)
    torch.testing.assert_close(after, before * factors.reshape(shape))


class Peculiar(nn.Module):
    """Layers that cannot be adapted, each for a reason of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = nn.Conv2d(3, 32, 3, 4)
        self.grouped = nn.Conv2d(32, 32, 3, padding=1, groups=32)
        self.mirrored = nn.Conv2d(32, 32, 3, padding=1, padding_mode="reflect")
        self.narrow = nn.Conv2d(32, 2, 1)
        self.twice = nn.Linear(128, 128)
        self.again = self.twice
        self.read = nn.Linear(128, 128)
        self.unused = nn.Linear(128, 128)

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.mirrored(self.grouped(self.plain(inputs)))
        features = self.again(self.twice(self.narrow(maps).flatten(1)))
        return nn.functional.linear(features, self.read.weight)


def test_what_cannot_be_adapted_stays_as_it_is_and_is_named() -> None:
    start = start_of(Peculiar(), 128)
    start = start_of(nn.Sequential(start.network.backbone, nn.Linear(128, 32)), 32)
    found = find_adaptable(start, LoRA().fault)
    assert found.layers == ("0.plain", "1")
    assert found.left == {
        "they are grouped convolutions": ("0.grouped",),
        "they are convolutions that do not pad with zeros": ("0.mirrored",),
        "they are so small that a rank of 4 saves nothing": ("0.narrow",),
        "they are used in several places": ("0.twice",),
        "their weights are read without a call of the layer": ("0.read", "0.unused"),
    }
    before = {name: t.clone() for name, t in start.network.backbone[0].state_dict().items()}
    moved(LoRA(), start)
    LoRA().merge(start.network)
    after = start.network.backbone[0].state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["plain.weight"]


def test_what_evaluation_reads_at_once_stays_as_it_is() -> None:
    """PyTorch's own encoder layer calls its parts in training, and in evaluation fuses them."""
    encoder = nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
    stem = nn.Sequential(nn.Conv2d(3, 32, 8, 8), nn.Flatten(2, 3))
    start = start_of(nn.Sequential(stem, nn.Linear(16, 32), encoder, nn.Flatten()), 1024)
    found = find_adaptable(start, LoRA(rank=2).fault)
    assert found.layers == ("0.0", "1")
    assert [len(names) for names in found.left.values()] == [4]
    moved(LoRA(rank=2), start)
    adapted = answers(start.network, pixels())
    LoRA(rank=2).merge(start.network)
    torch.testing.assert_close(answers(start.network, pixels()), adapted, rtol=0, atol=1e-5)


def test_torchvisions_attention_is_adapted_in_queries_keys_and_values() -> None:
    start = started("torchvision's ViT")
    found = find_adaptable(start, LoRA().fault)
    assert found.attention == tuple(
        f"encoder.layers.encoder_layer_{i}.self_attention" for i in range(2)
    )
    weight = start.network.backbone.encoder.layers[0].self_attention.in_proj_weight.detach().clone()
    moved(LoRA(rank=2), start)
    LoRA(rank=2).merge(start.network)
    after = start.network.backbone.encoder.layers[0].self_attention.in_proj_weight
    assert torch.linalg.matrix_rank(after.detach() - weight, rtol=1e-3) == 2


def texts_started(folder: Path, model: Path) -> Start:
    """Return what a run with a transformers encoder on a few texts starts from."""
    task, films = tasks.get("text-classification"), data(folder)
    options = TuneOptions(model=str(model))
    network = task.network(task.assemble(options, films), films.classes, options)
    return Start(options, network, films.split("train"), task)


@pytest.mark.parametrize("model", ["MiniLM", "GPT-2"])
def test_lora_in_a_text_encoder_merges_to_the_same_answers(model: str, tmp_path: Path) -> None:
    start = texts_started(tmp_path, minilm() if model == "MiniLM" else gpt2_folder(tmp_path / "it"))
    inputs = some_inputs(start.network, start.train)()
    before = answers(start.network, inputs)
    named = moved(LoRA(rank=2), start)
    adapted = answers(start.network, inputs)
    assert (adapted - before).abs().max() > 1e-3
    LoRA().merge(start.network)
    torch.testing.assert_close(answers(start.network, inputs), adapted, rtol=0, atol=1e-5)
    if model == "MiniLM":
        found = start.network.backbone.state_dict()
        assert sum(p.numel() for p in named.values()) < 0.02 * sum(
            t.numel() for t in found.values()
        )


def test_lora_in_a_vision_transformer_is_less_than_a_twentieth_of_its_weights() -> None:
    start = started("timm's ViT")
    total = sum(p.numel() for p in start.network.parameters())
    assert sum(p.numel() for p in moved(LoRA(), start).values()) < 0.05 * total


def test_the_start_hangs_on_the_seed_alone_and_uses_up_no_chance() -> None:
    found = []
    for _ in range(2):
        start = started("residual")
        torch.manual_seed(torch.seed())
        state = torch.get_rng_state()
        LoRA().parametrise(start)
        assert torch.equal(torch.get_rng_state(), state)
        trains = LoRA().trains(start, PHASE)
        found.append({n: p for n, p in start.network.named_parameters() if n in trains})
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert any(parameter.any() for parameter in found[0].values())


def test_weight_decay_pulls_to_what_is_pretrained_and_spares_factors_and_lengths() -> None:
    """Thin matrices of 0 add nothing; a factor or a length of 0 would silence a channel."""
    for kind, spared in ((LoRA(), False), (IA3(), True), (DoRA(), None)):
        for name, parameter in moved(kind, started("residual")).items():
            [group] = parameter_groups({name: parameter}, {name: 1.0}, 0.1)
            vector = "lora_magnitude_vector" in name if spared is None else spared
            assert group["weight_decay"] == (0 if vector else 0.1), name


@EACH_KIND
def test_a_network_without_a_layer_to_adapt_is_refused_in_one_line(kind: Adapters) -> None:
    start = start_of(nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.BatchNorm1d(48)), 48)
    with pytest.raises(UserError, match=f"{kind.name} needs .*: the backbone has none") as raised:
        kind.check_network(start.network)
    assert "\n" not in str(raised.value)


def test_a_network_of_depthwise_convolutions_alone_is_refused_with_the_reason() -> None:
    start = start_of(nn.Sequential(nn.Conv2d(3, 3, 3, groups=3), nn.Flatten()), 2700)
    with pytest.raises(UserError, match="they are grouped convolutions"):
        LoRA().check_network(start.network)
    IA3().check_network(start.network)


def test_without_peft_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without_peft(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "peft" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_peft)
    with pytest.raises(UserError, match="lora needs the package peft") as raised:
        tuned("never", strategy="lp-ft + lora")
    assert raised.value.mend == "Install the extra: pip install 'finetrust[peft]'"
