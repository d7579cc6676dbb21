"""torchvision's whole detectors by name, with the COCO weights of its weights enums."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetrust.core.download import impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.detectors.parts import kind_of
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import sha256_of_tensors

_LICENCE = "BSD-3-Clause code; weights: see torchvision"
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
            module = _module(name, None, args)
            return _pretrained(module, Provenance(name, "random", "", "none"))
        member = _member(enum, name, weights)
        module = _module(name, member, args)
        digest = sha256_of_tensors(module.state_dict())
        provenance = Provenance(name, f"torchvision {member}", digest, _LICENCE)
        return replace(_pretrained(module, provenance), classes=_classes(member))

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Recognise torchvision's files by their SHA-256, the start of which is in their names."""
        import torchvision

        members: Any = torchvision.models.get_model_weights(built.provenance.architecture)
        for member in members:
            digits = re.search(r"-([0-9a-f]{8,})\.pth$", member.url)
            if digits and sha256.startswith(digits[1]):
                source = f"torchvision {member} from {file}"
                provenance = replace(built.provenance, source=source, licence=_LICENCE)
                return replace(built, provenance=provenance, classes=_classes(member))
        return built


sources.add("torchvision-detection", TorchvisionDetectionSource())


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

    try:
        with impatient():
            return torchvision.models.get_model(
                name, weights=weights, weights_backbone=None, **args
            )
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


def _pretrained(module: Any, provenance: Provenance) -> Pretrained:
    """Return the detector with the colours it expects; how large depends on the images."""
    family = kind_of(module)
    assert family is not None
    return Pretrained(module, family.preprocessing(module), provenance, kind="detector")


def _classes(weights: Any) -> tuple[str, ...]:
    """Return the names of the classes without the background; unused ones get names of their own."""
    _, *names = weights.meta["categories"]
    return tuple(f"unused {i}" if name == "N/A" else name for i, name in enumerate(names, 1))
