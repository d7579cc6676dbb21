"""finetrust.predict: what a fine-tuned model says about files and folders of images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch

from finetrust.api.run import Run, load
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, track
from finetrust.data.image_files import SUFFIXES, decode
from finetrust.models.device import find_device
from finetrust.models.inference import Inference
from finetrust.tasks.task import tasks


def predict(
    run: Run | str | Path,
    *inputs: str | Path,
    top: int = 3,
    on_error: Literal["skip", "fail"] = "skip",
    device: str | None = None,
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """Predict images with the calibrated model of a run.

    Parameters
    ----------
    run : Run, str or Path
    *inputs : str or Path
        Image files, and folders that are searched for images.
    top : int
        How many of the most probable classes to return for each image.
    on_error : {"skip", "fail"}
        Whether an image that cannot be read is reported in its place, or an error.
    device : str, optional
        By default the fastest there is.
    quiet : bool
        Show nothing.

    Returns
    -------
    list of dict
        For each image ``path``, ``class``, ``probability`` (after temperature scaling) and
        ``top``; for one that cannot be read ``path`` and ``error``.

    Raises
    ------
    UserError
        If a path does not exist, no image is found, or an image cannot be read and
        ``on_error="fail"``.
    """
    if on_error not in ("skip", "fail"):
        raise UserError(f"on_error is '{on_error}'", "Choose skip or fail.")
    opened = run if isinstance(run, Run) else load(run)
    paths = [path for given in inputs for path in _images(Path(given))]
    if not paths:
        raise UserError("no images were given", "Name image files or folders with images.")
    model = opened.model
    precision = opened.folder.record.get("decisions", {}).get("inference_precision", "fp32")
    inference = Inference(model.network.to(find_device(device)), precision)
    transform = model.network.preprocessing.transform()
    task = tasks.get(model.task)
    results: dict[Path, dict[str, Any]] = {}
    with quietly(quiet):
        groups = [
            paths[i : i + inference.batch_size] for i in range(0, len(paths), inference.batch_size)
        ]
        for group in track(groups, "predict"):
            images = {}
            for path in group:
                try:
                    images[path] = transform(decode(path))
                except OSError as error:
                    if on_error == "fail":
                        raise UserError(
                            f"{path} cannot be read ({error})",
                            "Remove or restore it, or choose --on-error skip.",
                        ) from error
                    results[path] = {"error": f"cannot be read ({error})"}
            if images:
                outputs = inference(torch.stack(list(images.values())))
                decoded = task.decode(outputs, model.classes, model.calibration, top)
                results.update(zip(images, decoded, strict=True))
    return [{"path": str(path), **results[path]} for path in paths]


def _images(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    elif path.exists():
        yield path
    else:
        raise UserError(f"{path}: no such file or folder", "Give existing images or folders.")
