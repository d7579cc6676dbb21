"""What models of transformers expect of images, and what their outputs are called."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from finetrust.models.preprocessing import Interpolation, Preprocessing

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_FILTERS: dict[int, Interpolation] = {
    Image.Resampling.NEAREST: "nearest",
    Image.Resampling.BICUBIC: "bicubic",
    Image.Resampling.LANCZOS: "lanczos",
}


def preprocessing_of(folder: Path | None, shorter: int, longer: int) -> Preprocessing:
    """Return what ``preprocessor_config.json`` says; the sides and ImageNet's colours without it.

    Parameters
    ----------
    folder : Path or None
    shorter, longer : int
        Sides of the images, in pixels, where the file is silent.
    """
    values: dict[str, Any] = {}
    if folder is not None and (folder / "preprocessor_config.json").is_file():
        values = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    size = values.get("size", {})
    if isinstance(size, int):
        size = {"shortest_edge": size, "longest_edge": values.get("max_size", size)}
    return Preprocessing(
        size.get("longest_edge") or size.get("width") or longer,
        size.get("shortest_edge") or size.get("height") or shorter,
        _FILTERS.get(values.get("resample", Image.Resampling.BILINEAR), "bilinear"),
        tuple(values.get("image_mean", _MEAN)),
        tuple(values.get("image_std", _STD)),
    )


def class_names(config: Any) -> tuple[str, ...]:
    """Return the names of the classes in a configuration, or none where nobody gave them any."""
    names = [config.id2label[i] for i in range(config.num_labels)]
    if all(name == f"LABEL_{i}" for i, name in enumerate(names)):
        return ()
    return tuple(f"unused {i}" if name == "N/A" else name for i, name in enumerate(names))
