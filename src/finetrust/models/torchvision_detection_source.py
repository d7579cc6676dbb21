"""torchvision's whole detectors by name, with the COCO weights of its weights enums."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetrust.models.detectors.parts import kind_of
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.torchvision_weights import (
    LICENCE,
    named_weights,
    torchvision_model,
    weights_of_file,
)
from finetrust.models.weights_file import sha256_of_tensors

_LEFT_OUT = ("maskrcnn", "keypointrcnn")


class TorchvisionDetectionSource(Source):
    """Detectors of torchvision.models.detection."""

    rank = 1

    def names(self) -> list[str]:
        import torchvision

        known = torchvision.models.list_models(module=torchvision.models.detection)
        return [name for name in known if not name.startswith(_LEFT_OUT)]

    def accepts(self, name: str) -> bool:
        return name in self.names()

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        import torchvision

        enum: Any = torchvision.models.get_model_weights(name)
        if weights == "random":
            module = torchvision_model(name, None, args, weights_backbone=None)
            return _pretrained(module, Provenance(name, "random", "", "none"))
        member = named_weights(enum, name, weights)
        module = torchvision_model(name, member, args, weights_backbone=None)
        digest = sha256_of_tensors(module.state_dict())
        provenance = Provenance(name, f"torchvision {member}", digest, LICENCE)
        return replace(_pretrained(module, provenance), classes=_classes(member))

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Recognise torchvision's files by their SHA-256, the start of which is in their names."""
        member = weights_of_file(built.provenance.architecture, sha256)
        if member is None:
            return built
        source = f"torchvision {member} from {file}"
        provenance = replace(built.provenance, source=source, licence=LICENCE)
        return replace(built, provenance=provenance, classes=_classes(member))


sources.add("torchvision-detection", TorchvisionDetectionSource())


def _pretrained(module: Any, provenance: Provenance) -> Pretrained:
    """Return the detector with the colours it expects; how large depends on the images."""
    family = kind_of(module)
    assert family is not None
    return Pretrained(module, family.preprocessing(module), provenance, kind="detector")


def _classes(weights: Any) -> tuple[str, ...]:
    """Return the names of the classes without the background; unused ones get names of their own."""
    _, *names = weights.meta["categories"]
    return tuple(f"unused {i}" if name == "N/A" else name for i, name in enumerate(names, 1))
