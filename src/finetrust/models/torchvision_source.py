"""torchvision's classifiers by name, with the weights and the preprocessing of its weights enums."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, sources
from finetrust.models.weights_file import sha256_of_tensors


class TorchvisionSource:
    """Classifiers of torchvision.models."""

    rank = 1

    def names(self) -> list[str]:
        import torchvision

        return torchvision.models.list_models(module=torchvision.models)

    def accepts(self, name: str) -> bool:
        return name in self.names()

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        import torchvision

        enum = torchvision.models.get_model_weights(name)
        default = enum.DEFAULT
        chosen = None if weights == "random" else _member(enum, name, weights)
        try:
            module = torchvision.models.get_model(name, weights=chosen, **_arguments(name, args))
        except TypeError as error:
            raise UserError(f"model '{name}': {error}", "Change --model-args.") from error
        except OSError as error:
            assert chosen is not None
            cache = torch.hub.get_dir()
            raise UserError(
                f"the weights of {name} could not be downloaded from {chosen.url} ({error})",
                f"Fetch that file where there is a network and put it into {cache}/checkpoints, or "
                "give it with --weights FILE; --weights random starts from scratch.",
            ) from error
        _plain_outputs(module)
        source = "random" if chosen is None else f"torchvision {type(chosen).__name__}.{chosen.name}"
        meta = (chosen or default).meta
        return Pretrained(
            module,
            _preprocessing(chosen or default),
            Provenance(
                name,
                source,
                sha256_of_tensors(module.state_dict()),
                licence="none" if chosen is None else "BSD-3-Clause code; weights: see torchvision",
            ),
            classes=tuple(meta.get("categories", ())) if chosen is not None else (),
        )


sources.add("torchvision", TorchvisionSource())


def _member(enum: Any, name: str, weights: str) -> Any:
    if weights == "pretrained":
        return enum.DEFAULT
    tag = weights.rpartition(".")[2]
    if tag not in enum.__members__:
        raise UserError(
            f"torchvision has no weights '{weights}' for {name}",
            f"{did_you_mean(tag, enum.__members__)} Known: {', '.join(enum.__members__)}.".strip(),
        )
    return enum[tag]


def _arguments(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    initialised = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return {**initialised, **args}


def _plain_outputs(module: nn.Module) -> None:
    import torchvision

    if isinstance(module, torchvision.models.GoogLeNet | torchvision.models.Inception3):
        module.aux_logits = False
        for name, _ in list(module.named_children()):
            if name.lower().startswith("aux"):
                setattr(module, name, None)
    if isinstance(module, torchvision.models.SqueezeNet):
        _linear_squeezenet(module)


def _linear_squeezenet(module: Any) -> None:
    """Make SqueezeNet's ``conv, relu, pool`` end in pooled features under a linear layer.

    The rectifier behind the logits is left out: it would forbid negative logits.
    """
    conv = module.classifier[1]
    linear = nn.Linear(conv.in_channels, conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        linear.bias.copy_(conv.bias)
    module.classifier = nn.Sequential(
        module.classifier[0], nn.AdaptiveAvgPool2d(1), nn.Flatten(1), linear
    )


def _preprocessing(weights: Any) -> Preprocessing:
    transform = weights.transforms()
    return Preprocessing(
        input_size=transform.crop_size[0],
        resize=transform.resize_size[0],
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )
