"""torchvision's whole segmentation models by name, with the weights of its weights enums."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetrust.core.errors import UserError
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.torchvision_weights import (
    LICENCE,
    named_weights,
    torchvision_model,
    weights_of_file,
)
from finetrust.models.weights_file import sha256_of_tensors


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
            module = torchvision_model(name, None, {}, weights_backbone=None)
            provenance = Provenance(name, "random", "", "none")
            return Pretrained(module, _preprocessing(enum.DEFAULT), provenance, kind="segmenter")
        chosen = named_weights(enum, name, weights)
        module = torchvision_model(name, chosen, {}, weights_backbone=None)
        digest = sha256_of_tensors(module.state_dict())
        return Pretrained(
            module,
            _preprocessing(chosen),
            Provenance(name, f"torchvision {chosen}", digest, LICENCE),
            tuple(chosen.meta["categories"]),
            kind="segmenter",
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
            classes=tuple(member.meta["categories"]),
        )


sources.add("torchvision-segmentation", TorchvisionSegmentationSource())


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
