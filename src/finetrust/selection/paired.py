"""Two probes on the same observations: how far apart they are, and how sure that is."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.comparison.unpaired import mover_difference


def written(right: np.ndarray, rows: np.ndarray) -> dict[str, str]:
    """Return which observations were answered rightly, and a mark of which they are, as JSON values.

    Parameters
    ----------
    right : bool array (n,)
    rows : int64 array (n,)
    """
    mark = hashlib.sha256(np.ascontiguousarray(rows, np.int64).tobytes()).hexdigest()[:16]
    return {"right": np.packbits(right).tobytes().hex(), "of": mark}


def paired_gap(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[float, float, float] | None:
    """Return by how much one probe's accuracy is above another's, with its 95 % interval.

    The interval is that of :func:`finetrust.trust.accuracy.right.baseline.paired_difference` (Bonett &
    Price 2012); where answers are not right or wrong, it comes from the two intervals (Zou & Donner
    2008) and is too wide. None where the two were asked about different observations, or either has no
    accuracy.

    Parameters
    ----------
    one, other : mapping
        The ``accuracy`` of a result.
    """
    if one.get("value") is None or other.get("value") is None:
        return None
    if one["details"].get("of") != other["details"].get("of") or one["n"] != other["n"]:
        return None
    if "right" not in one["details"]:
        mine, its = ((f["value"], f["low"], f["high"]) for f in (one, other))
        found = mover_difference(its, mine)
        return mine[0] - its[0], found.ci_low, found.ci_high
    ours, theirs = (_read(figure["details"]["right"], figure["n"]) for figure in (one, other))
    gained, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    low, high = paired_difference(gained, lost, len(ours))
    return (gained - lost) / len(ours), low, high


def _read(packed: str, n: int) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(packed), np.uint8), count=n).astype(bool)
