"""torchvision's classifiers by name, with the weights and preprocessing of its weights enums."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MethodType
from typing import Any

from torch import nn

from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.torchvision_weights import (
    LICENCE,
    named_weights,
    torchvision_model,
    weights_of_file,
)
from finetrust.models.weights_file import sha256_of_tensors


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
        chosen = named_weights(enum, name, weights)
        module = _module(name, chosen, args)
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(
            module,
            _preprocessing(chosen),
            Provenance(name, f"torchvision {chosen}", digest, LICENCE),
            _classes(chosen),
            args={"image_size": module.image_size} if hasattr(module, "image_size") else {},
        )

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Recognise torchvision's files by their SHA-256, the start of which is in their names."""
        member = weights_of_file(built.provenance.architecture, sha256)
        if member is None:
            return super().describe(built, file, sha256)
        source = f"torchvision {member} from {file}"
        return replace(
            built,
            preprocessing=_preprocessing(member),
            provenance=replace(built.provenance, source=source, licence=LICENCE),
            classes=_classes(member),
        )


sources.add("torchvision", TorchvisionSource())


def _module(name: str, weights: Any, args: Mapping[str, Any]) -> nn.Module:
    if weights is None and name in ("googlenet", "inception_v3"):
        args = {"init_weights": True, "transform_input": True, **args}
    return _tamed(torchvision_model(name, weights, args))


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
