"""torchvision's classifiers by name, with the weights and preprocessing of its weights enums."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from torch import nn

from finetrust.core.download import impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import sha256_of_tensors

_LICENCE = "BSD-3-Clause code; weights: see torchvision"


class TorchvisionSource(Source):
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
        if weights == "random":
            module = _module(name, None, args)
            size = getattr(module, "image_size", None)
            preprocessing = _preprocessing(enum.DEFAULT).overridden(input_size=size)
            return Pretrained(module, preprocessing, Provenance(name, "random", "", "none"))
        chosen = _member(enum, name, weights)
        module = _module(name, chosen, args)
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(
            module,
            _preprocessing(chosen),
            Provenance(name, f"torchvision {chosen}", digest, _LICENCE),
            _classes(chosen),
            args={"image_size": module.image_size} if hasattr(module, "image_size") else {},
        )

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Recognise torchvision's files by their SHA-256, the start of which is in their names."""
        import torchvision

        name = built.provenance.architecture
        for member in torchvision.models.get_model_weights(name):
            digits = re.search(r"-([0-9a-f]{8,})\.pth$", member.url)
            if digits and sha256.startswith(digits[1]):
                source = f"torchvision {member} from {file}"
                return replace(
                    built,
                    preprocessing=_preprocessing(member),
                    provenance=replace(built.provenance, source=source, licence=_LICENCE),
                    classes=_classes(member),
                )
        return super().describe(built, file, sha256)


sources.add("torchvision", TorchvisionSource())


def _member(enum: Any, name: str, weights: str) -> Any:
    if weights == "pretrained":
        return enum.DEFAULT
    prefix, _, tag = weights.rpartition(".")
    if tag not in enum.__members__ or prefix not in ("", enum.__name__):
        raise UserError(
            f"torchvision has no weights '{weights}' for {name}",
            f"{did_you_mean(tag, enum.__members__)} Known: {', '.join(enum.__members__)}.".strip(),
        )
    return enum[tag]


def _module(name: str, weights: Any, args: Mapping[str, Any]) -> nn.Module:
    import torchvision

    if weights is None and name in ("googlenet", "inception_v3"):
        args = {"init_weights": True, "transform_input": True, **args}
    try:
        with impatient():
            module = torchvision.models.get_model(name, weights=weights, **args)
    except (TypeError, ValueError) as error:
        raise UserError(f"model '{name}': {reason(error)}", "Change --model-args.") from error
    except Exception as error:
        if weights is None:
            raise
        raise UserError(
            f"the weights of {name} could not be had from {weights.url} ({reason(error)})",
            f"Fetch that file where there is a network and put it into "
            f"{torch.hub.get_dir()}/checkpoints, or give it with --weights FILE; "
            "--weights random starts from scratch.",
        ) from error
    return _tamed(module)


def _tamed(module: Any) -> nn.Module:
    """Leave out auxiliary classifiers, what SqueezeNet does to its logits, and MNASNet's versions.

    SqueezeNet pools after its last convolution and rectifies the logits. Pooled before, the logits
    are the same but for the rectifier, which would forbid negative ones. MNASNet refuses every
    state dict that carries no version, as all from safetensors.
    """
    from torchvision.models import GoogLeNet, Inception3, MNASNet, SqueezeNet

    if isinstance(module, GoogLeNet | Inception3):
        module.aux_logits = False
        for name, _ in list(module.named_children()):
            if name.lower().startswith("aux"):
                setattr(module, name, None)
    if isinstance(module, SqueezeNet):
        dropout, convolution, _, _ = module.classifier
        pooled = nn.Sequential(dropout, nn.AdaptiveAvgPool2d(1))
        module.classifier = nn.Sequential(pooled, convolution)
    if isinstance(module, MNASNet):
        module._load_from_state_dict = MethodType(nn.Module._load_from_state_dict, module)
    return module


def _preprocessing(weights: Any) -> Preprocessing:
    transform = weights.transforms()
    return Preprocessing(
        input_size=transform.crop_size[0],
        resize=transform.resize_size[0],
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )


def _classes(weights: Any) -> tuple[str, ...]:
    return tuple(weights.meta.get("categories", ()))
