"""Detectors of transformers by hub name or local folder: DETR, RT-DETR, YOLOS and their kin."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from finetrust.core.errors import UserError
from finetrust.models.preprocessing import Interpolation, Preprocessing
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance
from finetrust.models.transformers_models import transformers_models
from finetrust.models.weights_file import sha256_of_tensors

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@transformers_models.register("ForObjectDetection")
def detector(folder: Path | None, config: Any, weights: str, args: Mapping[str, Any]) -> Pretrained:
    """Return a detector with its weights from `folder`, or with random ones.

    Raises
    ------
    UserError
        If the weights cannot be read as safetensors.
    """
    from transformers import AutoModelForObjectDetection

    name = config.architectures[0] if config.architectures else type(config).__name__
    if weights == "random" or folder is None:
        module = AutoModelForObjectDetection.from_config(config)
        provenance = Provenance(name, "random", "", "none")
    else:
        try:
            module = AutoModelForObjectDetection.from_pretrained(
                folder, config=config, use_safetensors=True, local_files_only=True
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"{folder}: the weights of {name} cannot be read ({reason(error)})",
                "Give a folder with model.safetensors, or --weights random.",
            ) from error
        provenance = Provenance(name, str(folder), sha256_of_tensors(module.state_dict()))
    return Pretrained(
        module.float(),
        _preprocessing(folder),
        provenance,
        classes=_classes(config),
        args=config.to_dict(),
        kind="detector",
    )


def _preprocessing(folder: Path | None) -> Preprocessing:
    """Return what ``preprocessor_config.json`` says; DETR's 800 to 1333 pixels where it is silent."""
    values: dict[str, Any] = {}
    if folder is not None and (folder / "preprocessor_config.json").is_file():
        values = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    size = values.get("size", {})
    if isinstance(size, int):
        size = {"shortest_edge": size, "longest_edge": values.get("max_size", size)}
    shorter = size.get("shortest_edge") or size.get("height") or 800
    longer = size.get("longest_edge") or size.get("width") or 1333
    return Preprocessing(
        longer,
        shorter,
        _filter(values.get("resample")),
        tuple(values.get("image_mean", _IMAGENET[0])),
        tuple(values.get("image_std", _IMAGENET[1])),
    )


def _filter(number: int | None) -> Interpolation:
    names: dict[int, Interpolation] = {
        Image.Resampling.NEAREST: "nearest",
        Image.Resampling.BICUBIC: "bicubic",
        Image.Resampling.LANCZOS: "lanczos",
    }
    return names.get(number, "bilinear") if number is not None else "bilinear"


def _classes(config: Any) -> tuple[str, ...]:
    """Return the names of the classes, or none where nobody gave them any."""
    names = [config.id2label[i] for i in range(config.num_labels)]
    if all(name == f"LABEL_{i}" for i, name in enumerate(names)):
        return ()
    return tuple(f"unused {i}" if name == "N/A" else name for i, name in enumerate(names))
