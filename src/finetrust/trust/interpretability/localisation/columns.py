"""What the step ``localisation`` says of each item, whatever kind of answer was explained."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps, sobel_maps
from finetrust.trust.interpretability.localisation.best_iou import best_iou
from finetrust.trust.interpretability.localisation.centre import centre_map
from finetrust.trust.interpretability.localisation.pointing import energy_pointing, pointing_game

STEP = "localisation"
"""The step whose table holds ``MAP.FIGURE`` by item, for the explanation and for ``BASELINES``, and
``area``: the share of the image that the object fills."""

EXPLANATION = "explanation"
BASELINES = ("random", "edges", "centre")
FIGURES = {"pointing": pointing_game, "energy": energy_pointing, "iou": best_iou}
AREA = "area"
CELLS = 7


def baseline_maps(images: Tensor, seeds: Tensor) -> dict[str, Tensor]:
    """Return heat maps that know nothing of a network, by the names of ``BASELINES``.

    A coarse random one of 7 x 7 values, the edges, and the middle of the image.

    Parameters
    ----------
    images : float tensor (n, 3, h, w)
    seeds : int64 tensor (n,)

    Returns
    -------
    dict of str to float32 tensor (n, h, w)
    """
    n, _, height, width = images.shape
    centre = centre_map(height, width).to(images.device).expand(n, -1, -1)
    found = (random_maps(images, seeds, CELLS), sobel_maps(images), centre)
    return dict(zip(BASELINES, found, strict=True))


def located_columns(maps: Mapping[str, Tensor], masks: Tensor) -> dict[str, np.ndarray]:
    """Return every figure of every map, and the area of the objects.

    Parameters
    ----------
    maps : mapping of str to float tensor (n, h, w)
    masks : bool tensor (n, h, w)

    Returns
    -------
    dict of str to float64 array (n,)
        Figures are NaN where there is no object, or no map.
    """
    found = {
        f"{name}.{figure}": compute(of, masks).cpu().numpy()
        for name, of in maps.items()
        for figure, compute in FIGURES.items()
    }
    return {**found, AREA: masks.flatten(1).double().mean(dim=1).cpu().numpy()}


def no_columns(n: int) -> dict[str, np.ndarray]:
    """Return the columns of n items of which nothing is known yet: NaN."""
    names = [f"{name}.{figure}" for name in (EXPLANATION, *BASELINES) for figure in FIGURES]
    return {name: np.full(n, np.nan) for name in (*names, AREA)}


def judged_columns(
    heat: Tensor, image: Tensor, seed: Tensor, mask: Tensor, judged: Tensor
) -> dict[str, np.ndarray]:
    """Return the columns of one item of which some pixels must not be judged.

    Parameters
    ----------
    heat : float tensor (h, w)
    image : float tensor (3, h, w)
    seed : int64 tensor (1,)
    mask, judged : bool tensors (h, w)

    Returns
    -------
    dict of str to float64 array (1,)
    """
    maps = {EXPLANATION: heat[None], **baseline_maps(image[None], seed)}
    # The figures ask where a pixel lies only by the mask: those to judge may stand in one row.
    rows = {name: of[:, judged][:, None] for name, of in maps.items()}
    return located_columns(rows, mask[judged][None, None])
