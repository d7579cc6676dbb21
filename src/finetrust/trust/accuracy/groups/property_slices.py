"""Slices by what was measured of each input: fifths of brightness, sharpness, size, length."""

from collections.abc import Mapping

import numpy as np

from finetrust.trust.accuracy.groups.partition import Partition

FIFTHS = 5
ENDS: Mapping[str, tuple[str, str]] = {
    "brightness": ("darkest", "brightest"),
    "sharpness": ("blurriest", "sharpest"),
    "contrast": ("flattest", "most contrasted"),
    "saturation": ("palest", "most colourful"),
    "size": ("smallest", "largest"),
    "width": ("narrowest", "widest"),
    "height": ("lowest", "tallest"),
    "words": ("shortest", "longest"),
    "characters": ("shortest", "longest"),
    "length": ("shortest", "longest"),
    "aspect_ratio": ("tallest", "widest"),
    "capitals": ("fewest", "most"),
}
"""What the lowest and the highest values of a property are called."""


def by_property(name: str, values: np.ndarray) -> Partition | None:
    """Return the items divided into fifths by the value of a property.

    Equal values stay together, so that with many of them there are fewer parts than five, which are
    then named by their range instead of as fifths.

    Parameters
    ----------
    name : str
    values : float array (n,)
        NaN where it is not known.

    Returns
    -------
    Partition or None
        None where the property is the same for all items or known for none.
    """
    known = np.isfinite(values)
    there = values[known]
    if len(there) == 0 or there.min() == there.max():
        return None
    edges = np.quantile(there, np.arange(1, FIFTHS) / FIFTHS)
    parts, of_known = np.unique(np.searchsorted(edges, there), return_inverse=True)
    if len(parts) == 1:
        return None
    shares = np.bincount(of_known) / len(there)
    fifths = len(parts) == FIFTHS and np.abs(shares - 1 / FIFTHS).max() < 0.02
    names = _fifths(name) if fifths else _ranges(name, there, of_known, len(parts))
    of_item = np.full(len(values), -1)
    of_item[known] = of_known
    return Partition("property", names, of_item)


def _fifths(name: str) -> tuple[str, ...]:
    low, high = ENDS.get(name, ("lowest", "highest"))
    told = (low, f"second {low}", "middle", f"second {high}", high)
    return tuple(f"{_words(name)}: {which} fifth" for which in told)


def _ranges(name: str, values: np.ndarray, part: np.ndarray, k: int) -> tuple[str, ...]:
    """Return a name for each part; the edges are told with as many digits as keep them apart."""
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    np.minimum.at(low, part, values)
    np.maximum.at(high, part, values)
    for digits in range(3, 18):
        told = [
            f"{a:.{digits}g}" if a == b else f"{a:.{digits}g} to {b:.{digits}g}"
            for a, b in zip(low, high, strict=True)
        ]
        if len(set(told)) == k:
            break
    return tuple(f"{_words(name)}: {span}" for span in told)


def _words(name: str) -> str:
    return name.replace("_", " ")
