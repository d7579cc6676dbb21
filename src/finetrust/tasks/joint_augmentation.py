"""The random frame of an image and of what is marked on it, together.

Large scale jitter: Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance
Segmentation", CVPR 2021, section 4.
"""

from typing import Any

import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from finetrust.data.masks.masks import IGNORE
from finetrust.models.letterbox import Letterbox

SCALES = (0.6, 1.6)


def moves(letterbox: Letterbox, mirror: bool, scales: tuple[float, float] = SCALES) -> v2.Compose:
    """Return what scales an image at random, cuts or pads it to the canvas, and maybe mirrors it.

    Boxes and masks given as tv_tensors beside the image move with it; a mask is resized by the
    nearest pixel and is ``IGNORE`` where the image was padded. What is random draws from torch's
    default generator.

    Parameters
    ----------
    letterbox : Letterbox
    mirror : bool
    scales : (float, float)
        Least and largest scale of the image over that at which it fits the canvas.
    """
    fill = {
        Image.Image: list(letterbox.fill),
        tv_tensors.Image: list(letterbox.fill),
        tv_tensors.Mask: IGNORE,
        "others": 0,
    }
    steps: list[Any] = [
        _ScaleJitter(letterbox, scales),
        v2.RandomCrop(letterbox.canvas, pad_if_needed=True, fill=fill),
        v2.ClampBoundingBoxes(),
    ]
    if mirror:
        steps.append(v2.RandomHorizontalFlip())
    return v2.Compose([*steps, v2.PILToTensor()])


class _ScaleJitter(v2.Transform):
    """Scale to what fits the canvas, times a number drawn evenly from `scales`."""

    def __init__(self, letterbox: Letterbox, scales: tuple[float, float]) -> None:
        super().__init__()
        self._letterbox, self._scales = letterbox, scales

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = v2.query_size(flat_inputs)
        least, most = self._scales
        factor = least + (most - least) * float(torch.rand(()))
        across, down = self._letterbox.scaled_size((width, height))
        return {"size": [max(1, round(down * factor)), max(1, round(across * factor))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        how = v2.InterpolationMode(self._letterbox.interpolation)
        return self._call_kernel(v2.functional.resize, inpt, params["size"], interpolation=how)
