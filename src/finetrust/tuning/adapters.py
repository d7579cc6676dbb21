"""Adapters: small trainable parts in frozen layers, put there by peft and merged into them at the end."""

import importlib.util
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.progress import say
from finetrust.models.network import Network
from finetrust.tuning.adaptable import Adaptable, adaptable_kinds, find_adaptable, pass_examples
from finetrust.tuning.addition import Addition, End, Planned, Start
from finetrust.tuning.strategy import Phase
from finetrust.tuning.what_trains import PLACE, at_one_rate, check_what_trains, refuse_gradual

if TYPE_CHECKING:
    from peft import PeftConfig

_PULLS = ("l2-sp", "ewc")


class Adapters(Addition):
    """Adapters in the layers of the backbone; they train beside the head, and nothing else does.

    All that is pretrained stays as it is while they train: weights, biases, and norms with their
    statistics; of a head, only what is new trains. Adapters have one learning rate in all layers. They
    go into linear layers and convolutions as :func:`~finetrust.tuning.adaptable.find_adaptable` has it.
    At the end they are merged: the model that is saved is as large, as fast and as plain as it was.
    """

    place: ClassVar[str] = PLACE

    name: ClassVar[str]
    rate: ClassVar[float]

    @abstractmethod
    def config(self, found: Adaptable, backbone: nn.Module) -> "PeftConfig":
        """Return what peft makes the adapters by."""

    @abstractmethod
    def fault(self, layer: nn.Module) -> str | None:
        """Return why a layer cannot be adapted; None where it can."""

    def check(self, planned: Planned) -> None:
        if importlib.util.find_spec("peft") is None:
            raise UserError(
                f"{self.name} needs the package peft, which is not installed",
                "Install the extra: pip install 'finetrust[peft]'",
            )
        check_what_trains(self.name, planned)
        refuse_gradual(self.name, planned)
        for pull in _PULLS:
            if pull in planned.added:
                raise UserError(
                    f"{pull} pulls weights that {self.name} leaves where they start",
                    "Leave one of them out.",
                )

    def check_network(self, network: Network) -> None:
        faults = [self.fault(layer) for layer in adaptable_kinds(network.backbone)]
        if None not in faults:
            whys = dict.fromkeys(fault for fault in faults if fault is not None)
            raise self._nothing("; ".join(whys) or "the backbone has none")

    def phases(self, phases: list[Phase], options: TuneOptions) -> list[Phase]:
        return at_one_rate(phases, options, self.rate)

    def parametrise(self, start: Start) -> None:
        from peft import inject_adapter_in_model

        backbone = start.network.backbone
        found = find_adaptable(start, self.fault)
        if not (found.layers or found.attention):
            raise self._nothing(_told(found))
        with _seeded(start.options.seed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inject_adapter_in_model(self.config(found, backbone), backbone)
        for layer in _adapted(backbone).values():
            _keep_dilation(layer)
        # A first pass, since peft moves the weights of nn.MultiheadAttention to the end in each one:
        # whatever is copied from now on has them in the same order.
        pass_examples(start)
        if _is_main_process():
            number = len(found.layers) + len(found.attention)
            say("; ".join(filter(None, [f"{self.name}: {number} layers adapted", _told(found)])))

    def trains(self, start: Start, phase: Phase) -> frozenset[str] | None:
        return frozenset(
            f"backbone.{name}.{parameter}"
            for name, layer in _adapted(start.network.backbone).items()
            for parameter, _ in layer.named_parameters()
            if not parameter.startswith("base_layer.")
        )

    def merge(self, network: Network) -> None:
        for name, layer in _adapted(network.backbone).items():
            layer.merge(safe_merge=True)
            plain = layer.get_base_layer()
            if isinstance(plain, nn.MultiheadAttention):
                _in_order(plain)
            network.backbone.set_submodule(name, plain)
        if hasattr(network.backbone, "peft_config"):
            del network.backbone.peft_config
        network.backbone.requires_grad_(True)

    def finish(self, end: End) -> dict[str, Any]:
        found = find_adaptable(end.start, self.fault)
        return {
            "adapted": [*found.layers, *found.attention],
            "left": {reason: list(names) for reason, names in found.left.items()},
        }

    def _nothing(self, why: str) -> UserError:
        return UserError(
            f"{self.name} needs linear layers or convolutions that it can adapt: {why}",
            "Choose another model, or let its weights train: --strategy full.",
        )


def _adapted(backbone: nn.Module) -> dict[str, Any]:
    """Return the layers with adapters, by name."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    return {
        name: layer for name, layer in backbone.named_modules() if isinstance(layer, BaseTunerLayer)
    }


def _keep_dilation(layer: Any) -> None:
    """Let the first part of a convolution's adapter see the places that the convolution sees."""
    plain = layer.get_base_layer()
    if isinstance(plain, nn.Conv2d):
        for adapter in getattr(layer, "lora_A", {}).values():
            adapter.dilation = plain.dilation


def _in_order(attention: nn.MultiheadAttention) -> None:
    """Let the weights of attention follow each other as PyTorch has them: the first one first."""
    for name, parameter in list(attention.named_parameters(recurse=False)):
        if name != "in_proj_weight":
            delattr(attention, name)
            attention.register_parameter(name, parameter)


def _told(found: Adaptable) -> str:
    """Return what stays as it is, and why, in words."""
    parts = [f"{len(names)} stay as they are: {why}" for why, names in found.left.items()]
    return "; ".join(parts)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Within this block chance hangs on the seed alone, and none of it is used up outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _is_main_process() -> bool:
    from accelerate import PartialState

    return bool(PartialState().is_main_process)
