"""Targets of data whose words are tagged."""

from collections.abc import Sequence

import numpy as np

from finetrust.core.predictions import ragged
from finetrust.data.texts.tag_scheme import OUTSIDE


def tagged(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the tags of texts as targets, and the classes that they are counted in.

    Parameters
    ----------
    texts : sequence of sequence of str
        The tags of each text.

    Returns
    -------
    targets : array of dtype object (n,)
        Int64 arrays (words,).
    classes : tuple of str
        Sorted, ``"O"`` first.
    """
    found = {tag for tags in texts for tag in tags}
    classes = tuple(sorted(found, key=lambda tag: (tag != OUTSIDE, tag)))
    index = {tag: i for i, tag in enumerate(classes)}
    return ragged([np.array([index[tag] for tag in tags], np.int64) for tags in texts]), classes
