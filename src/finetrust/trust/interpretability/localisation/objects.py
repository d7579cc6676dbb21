"""Where the objects are in the images that a bench's network gets, by the user's ``object_masks``."""

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.core.once import once
from finetrust.data.objects.objects import Objects, open_objects
from finetrust.models.letterbox import Letterbox
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.seen_mask import seen_mask
from finetrust.trust.trials.bench import Bench

NONE_GIVEN = "no --object-masks are given"


@once
def objects_in(bench: Bench) -> Objects:
    """Return the objects of the bench's data; opened once.

    Raises
    ------
    NotApplicable
        If the inputs are not images of one size, or the user names none.
    UserError
        If what the user names cannot be used.
    """
    bench.require_pixels()
    if bench.options.object_masks is None:
        raise NotApplicable(NONE_GIVEN)
    return open_objects(bench.options.object_masks, bench.dataset)


def objects_of(bench: Bench, rows: np.ndarray) -> Tensor:
    """Return which pixels of the inputs are object.

    Parameters
    ----------
    bench : Bench
    rows : int64 array (n,)
        Rows of `bench.dataset`.

    Returns
    -------
    bool tensor (n, h, w)
        On the device, as large as the network's inputs. False everywhere where nothing is known of an
        item, or its object was cropped off.

    Raises
    ------
    NotApplicable, UserError
        As :func:`objects_in`, and UserError if a mask is not as large as its image.
    """
    objects, preprocessing = objects_in(bench), bench.inference.preprocessing
    assert isinstance(preprocessing, Preprocessing | Letterbox)
    masks = [seen_mask(objects.read(int(row)), preprocessing) for row in rows]
    if not masks:
        height, width = preprocessing.example(1).shape[-2:]
        return torch.zeros(0, height, width, dtype=torch.bool, device=bench.inference.device)
    return torch.stack(masks).to(bench.inference.device)
