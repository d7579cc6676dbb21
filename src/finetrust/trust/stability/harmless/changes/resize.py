"""Other filters and libraries for the resize before the model (Parmar, Zhang & Zhu, "On Aliased
Resizing and Surprising Subtleties in GAN Evaluation", CVPR 2022).

Whoever runs the model elsewhere resizes with what is at hand. So the images are read anew at their own
size and made to the model's size by another way: the geometry stays, the filter differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from finetrust.models.preprocessing import Interpolation, Preprocessing
from finetrust.trust.stability.harmless.changes.family import Batch, Change, family

FILTERS: tuple[Interpolation, ...] = ("bilinear", "bicubic")

Resize = Callable[[Image.Image], Tensor]


@family("resize")
def resizes(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return Pillow's and torchvision's bilinear and bicubic resize, but for the model's own.

    Pillow's always smooth before they shrink (antialias); torchvision's do so unless told otherwise,
    and those of many other libraries (``aliased``) never do.
    """
    ways: dict[str, Resize] = {}
    for kind in FILTERS:
        if kind != preprocessing.interpolation:
            ways[f"pil-{kind}"] = replace(preprocessing, interpolation=kind).transform()
        for antialias, name in ((True, f"tensor-{kind}"), (False, f"tensor-{kind}-aliased")):
            ways[name] = partial(
                resized_tensor, preprocessing=preprocessing, kind=kind, antialias=antialias
            )
    return [
        Change(
            name,
            partial(_read_anew, resize=way),
            brief=name.startswith("pil") or name == "tensor-bilinear-aliased",
        )
        for name, way in ways.items()
    ]


def resized_tensor(
    image: Image.Image, preprocessing: Preprocessing, kind: Interpolation, antialias: bool
) -> Tensor:
    """Return an image at the model's size, resized by torchvision as a tensor.

    Parameters
    ----------
    image : PIL image, RGB
    preprocessing : Preprocessing
        Its sizes.
    kind : {"bilinear", "bicubic"}
    antialias : bool

    Returns
    -------
    uint8 tensor (3, input_size, input_size)
    """
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    size = [preprocessing.resize] * (2 if preprocessing.squash else 1)
    resized = functional.resize(pixels, size, InterpolationMode(kind), antialias=antialias)
    return functional.center_crop(resized, [preprocessing.input_size] * 2)


def _read_anew(batch: Batch, resize: Resize) -> Tensor:
    pixels = torch.stack([resize(image) for image in batch.originals()])
    return pixels.to(batch.pixels.device).float() / 255
