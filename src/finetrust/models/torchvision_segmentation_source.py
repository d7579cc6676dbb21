"""torchvision's whole segmentation models by name, with the weights of its weights enums."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from finetrust.core.download import impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import sha256_of_tensors

_LICENCE = "BSD-3-Clause code; weights: see torchvision"


class TorchvisionSegmentationSource(Source):
    """FCN, DeepLabV3 and LR-ASPP of torchvision.models.segmentation."""

    rank = 1

    def names(self) -> list[str]:
        import torchvision

        return torchvision.models.list_models(module=torchvision.models.segmentation)

    def accepts(self, name: str) -> bool:
        return name in self.names()

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        import torchvision

        if args:
            raise UserError(f"{name} takes no arguments", "Leave --model-args out.")
        enum: Any = torchvision.models.get_model_weights(name)
        if weights == "random":
            module = _module(name, None)
            provenance = Provenance(name, "random", "", "none")
            return Pretrained(module, _preprocessing(enum.DEFAULT), provenance, kind="segmenter")
        chosen = enum.DEFAULT if weights == "pretrained" else _member(enum, name, weights)
        module = _module(name, chosen)
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(
            module,
            _preprocessing(chosen),
            Provenance(name, f"torchvision {chosen}", digest, _LICENCE),
            tuple(chosen.meta["categories"]),
            kind="segmenter",
        )

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Recognise torchvision's files by their SHA-256, the start of which is in their names."""
        import torchvision

        for member in torchvision.models.get_model_weights(built.provenance.architecture):
            digits = re.search(r"-([0-9a-f]{8,})\.pth$", member.url)
            if digits and sha256.startswith(digits[1]):
                source = f"torchvision {member} from {file}"
                return replace(
                    built,
                    preprocessing=_preprocessing(member),
                    provenance=replace(built.provenance, source=source, licence=_LICENCE),
                    classes=tuple(member.meta["categories"]),
                )
        return super().describe(built, file, sha256)


sources.add("torchvision-segmentation", TorchvisionSegmentationSource())


def _member(enum: Any, name: str, weights: str) -> Any:
    prefix, _, tag = weights.rpartition(".")
    if tag not in enum.__members__ or prefix not in ("", enum.__name__):
        raise UserError(
            f"torchvision has no weights '{weights}' for {name}",
            f"{did_you_mean(tag, enum.__members__)} Known: {', '.join(enum.__members__)}.".strip(),
        )
    return enum[tag]


def _module(name: str, weights: Any) -> Any:
    import torchvision

    try:
        with impatient():
            return torchvision.models.get_model(name, weights=weights, weights_backbone=None)
    except Exception as error:
        if weights is None:
            raise
        raise UserError(
            f"the weights of {name} could not be had from {weights.url} ({reason(error)})",
            f"Fetch that file where there is a network and put it into "
            f"{torch.hub.get_dir()}/checkpoints, or give it with --weights FILE; "
            "--weights random starts from scratch.",
        ) from error


def _preprocessing(weights: Any) -> Preprocessing:
    transform = weights.transforms()
    size = transform.resize_size[0]
    return Preprocessing(
        input_size=size,
        resize=size,
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )
