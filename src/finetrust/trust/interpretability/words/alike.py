"""How alike explanations of the same words are, text by text."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.words.method import Maps

FEWEST = 4
"""Words from which their order says something: of 3 words in random order half correlate by 0.5 or more."""


def compared(compare: Callable[[Tensor, Tensor], Tensor], maps: Maps, others: Maps) -> np.ndarray:
    """Return how alike two explanations of each text are: float64 (n,).

    Parameters
    ----------
    compare : callable
        Of :mod:`finetrust.trust.interpretability.agreement`, on maps (1, 1, words).
    maps, others : list of n float arrays (words,)

    Returns
    -------
    float64 array (n,)
        NaN for a text of fewer than 4 words.
    """
    return np.array(
        [
            float(compare(_map(one), _map(other))) if len(one) >= FEWEST else np.nan
            for one, other in zip(maps, others, strict=True)
        ]
    )


def described(figure: Callable[[Tensor], Tensor], maps: Maps) -> np.ndarray:
    """Return a figure of :mod:`finetrust.trust.interpretability.complexity` of each text: float64 (n,).

    NaN for a text without words.
    """
    return np.array([float(figure(_map(one))) if len(one) else np.nan for one in maps])


def _map(of_words: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(of_words, np.float64)).view(1, 1, -1)
