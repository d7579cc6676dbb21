"""How sure a model is of an entity that it found."""

from collections.abc import Sequence

import numpy as np

from finetrust.data.texts.tag_scheme import Entities


def entity_confidence(found: Entities, words: Sequence[np.ndarray]) -> np.ndarray:
    """Return the probability that all tags of an entity are as predicted, word by word independent.

    Parameters
    ----------
    found : Entities
    words : sequence of float array (words,)
        The probability of the predicted tag of each word of each text.

    Returns
    -------
    float64 array (entities,)
    """
    spans = zip(found.row, found.start, found.stop, strict=True)
    return np.array([np.prod(words[row][start:stop]) for row, start, stop in spans], np.float64)
