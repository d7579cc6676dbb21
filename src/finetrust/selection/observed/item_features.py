"""One row of features for each item, as the head of a task reads it, from the shared cache."""

import numpy as np
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference


def item_features(inference: Inference, dataset: Dataset, workers: int | None) -> Tensor:
    """Return the features of all items: float32 tensor (n, d).

    Raises
    ------
    UserError
        If the model yields anything else.
    """
    found = compute_features(inference, dataset, workers).take(np.arange(len(dataset)))
    if not isinstance(found, Tensor) or found.ndim != 2:
        raise UserError(
            "the model yields more than one row of features for each item",
            "Choose a classifier or an encoder.",
        )
    return found
