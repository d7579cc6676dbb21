"""ODAM: which places of an image speak for one detected box.

Zhao & Chan, "ODAM: Gradient-based Instance-Specific Visual Explanations for Object Detection",
ICLR 2023, arXiv:2304.06354.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetrust.core.errors import NotApplicable
from finetrust.models.network import Network
from finetrust.trust.interpretability.box_cases import overlaps
from finetrust.trust.interpretability.spatial_layer import evaluating

_LEAST_OVERLAP = 0.1


def box_heat(network: Network, image: Tensor, box: np.ndarray, label: int) -> np.ndarray | None:
    """Return the heat map of the detection of class `label` that overlaps `box` most.

    The heat of a place is the positive part of the sum over the channels of feature times gradient
    of the detection's score (eq. 3, without its smoothing), on every feature map; the maps are
    enlarged to the canvas bilinearly, added up, and divided by the maximum.

    Parameters
    ----------
    network : Network
        Its features are maps, its outputs boxes as those of
        :class:`~finetrust.models.detectors.canvas_head.CanvasHead`. Its mode and its gradients are
        left as they are.
    image : uint8 tensor (3, h, w)
        On the canvas.
    box : float array (4,)
        x1, y1, x2, y2 on the canvas.
    label : int

    Returns
    -------
    float32 array (h, w) or None
        In [0, 1]; all 0 where no place speaks for it. None if no box of that class is near, however
        low its score.

    Raises
    ------
    NotApplicable
        If there are no feature maps below the scores, or the scores do not depend on them smoothly.
    """
    with evaluating(network), torch.inference_mode(False):
        with torch.no_grad():
            features = network.features(image[None].to(network.device))
        if isinstance(features, Tensor):
            raise NotApplicable(
                f"{type(network.head).__name__} reads the pixels themselves: there are no feature "
                "maps between it and a backbone"
            )
        maps = [feature.float().detach().clone().requires_grad_(True) for feature in features]
        with torch.enable_grad():
            (found,) = network.head(tuple(maps))
        score = _score(found, box, label)
        if score is None:
            return None
        if not score.requires_grad:
            raise NotApplicable("the scores of the boxes have no gradient by the feature maps")
        gradients = torch.autograd.grad(score, maps, allow_unused=True)
    heat = sum(
        _enlarged((feature.detach() * gradient).sum(1, keepdim=True).relu(), image.shape[-2:])
        for feature, gradient in zip(maps, gradients, strict=True)
        if gradient is not None
    )
    assert isinstance(heat, Tensor)
    highest = float(heat.max())
    return (heat / highest if highest > 0 else heat).clamp(0, 1)[0, 0].cpu().numpy()


def _score(found: dict[str, Tensor], box: np.ndarray, label: int) -> Tensor | None:
    same = torch.nonzero(found["labels"] == label)[:, 0]
    if not len(same):
        return None
    shared = overlaps(found["boxes"][same].detach().cpu().numpy(), box[None])[:, 0]
    best = int(shared.argmax())
    return found["scores"][same[best]] if shared[best] >= _LEAST_OVERLAP else None


def _enlarged(heat: Tensor, size: torch.Size) -> Tensor:
    return functional.interpolate(heat, size, mode="bilinear", align_corners=False)
