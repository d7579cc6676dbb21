"""One class against the rest: how well a score ranks the items of the class above the others.

Hanley & McNeil, "The meaning and use of the area under a ROC curve", Radiology 1982; DeLong, DeLong &
Clarke-Pearson, "Comparing the areas under two or more correlated ROC curves", Biometrics 1988.
"""

from dataclasses import dataclass

import numpy as np

MOST_RANKED_EXACTLY = 100_000
BITS_LEFT_OUT = 14


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ranking by one score.

    Parameters
    ----------
    auroc, average_precision : float
    precision_excess : float
        By how much average precision is too high on average, since every positive counts towards
        the precision at its own score: the mean of p / a - (p - 1) / (a - 1).
    auroc_influence, precision_influence : float64 arrays (n,)
        The derivative of each by the weight of every item: the structural components of DeLong et
        al. 1988, eq. 5 and 6, centred and divided by their number, and the same for average
        precision. The sum of their squares is the variance.
    roc : float64 array (2, points)
        False and true positive rate, from (0, 0) to (1, 1).
    precision_recall : float64 array (2, points)
        Recall and precision, recall rising.
    """

    auroc: float
    average_precision: float
    precision_excess: float
    auroc_influence: np.ndarray
    precision_influence: np.ndarray
    roc: np.ndarray
    precision_recall: np.ndarray


def rank(scores: np.ndarray, positive: np.ndarray, most_points: int = 100) -> Ranked:
    """Return how well `scores` rank the positives above the negatives.

    Ties count half in the area; average precision takes tied items together, as scikit-learn does:
    the mean over the positives of the precision at their score.

    Parameters
    ----------
    scores : float32 or float64 array (n,)
        Of more than ``MOST_RANKED_EXACTLY`` items the influences of the negatives are read off
        scores rounded to 9 bits; the areas are exact.
    positive : bool array (n,)
        At least one true and one false.
    most_points : int
        Of each curve.
    """
    n = len(scores)
    items = np.flatnonzero(positive)
    order = np.argsort(scores[items], kind="stable")
    items, own = items[order], scores[items][order]
    n_pos, n_neg = len(own), n - len(own)
    everything = np.sort(scores)
    below, upto = (np.searchsorted(everything, own, side) for side in ("left", "right"))
    pos_below, pos_upto = (np.searchsorted(own, own, side) for side in ("left", "right"))
    neg_below, neg_upto = below - pos_below, upto - pos_upto
    above_negatives = (neg_below + neg_upto) / (2 * n_neg)
    auroc = float(above_negatives.mean())
    at_least = n - below
    precision = (n_pos - pos_below) / at_least
    average_precision = float(precision.mean())

    index, lower, upper = _places(own, scores)
    below_positives = 1 - (lower + upper) / (2 * n_pos)
    auroc_influence = ((below_positives - auroc) / n_neg)[index]
    auroc_influence[items] = (above_negatives - auroc) / n_pos
    # An item more at a score or above it changes the precision there from p / a to (p + 1) / (a + 1)
    # if it is positive and to p / (a + 1) if it is not.
    lost = np.concatenate([[0.0], np.cumsum(precision / at_least)])
    gained = np.concatenate([[0.0], np.cumsum((1 - precision) / at_least)])
    precision_influence = (-lost[upper] / n_pos)[index]
    precision_influence[items] = (precision - average_precision + gained[pos_upto]) / n_pos

    rates = np.stack(
        [
            np.stack([n_neg - neg_below, n_neg - neg_upto]) / n_neg,
            np.stack([n_pos - pos_below, n_pos - pos_upto]) / n_pos,
        ]
    )
    roc = np.concatenate([np.ones((2, 1)), rates.transpose(0, 2, 1).reshape(2, -1)], axis=1)
    roc = np.concatenate([roc, np.zeros((2, 1))], axis=1)[:, ::-1]
    curve = np.stack([(n_pos - pos_below) / n_pos, precision])[:, ::-1]
    return Ranked(
        auroc,
        average_precision,
        float(((1 - precision) / np.maximum(at_least - 1, 1)).mean()),
        auroc_influence,
        precision_influence,
        _thinned(roc, roc.sum(axis=0), most_points),
        _thinned(curve, curve[0], most_points),
    )


def _places(
    own: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray | slice, np.ndarray, np.ndarray]:
    """Return for every score how many of the sorted `own` are below it, and how many not above it.

    As two tables (t,) and which entry each score has: (n,).
    """
    if len(scores) <= MOST_RANKED_EXACTLY:
        lower, upper = (np.searchsorted(own, scores, side) for side in ("left", "right"))
        return slice(None), lower, upper
    bins, own_bins = (_ordered_bits(s) >> BITS_LEFT_OUT for s in (scores, own))
    counts = np.bincount(own_bins, minlength=1 << (32 - BITS_LEFT_OUT))
    upto = np.cumsum(counts)
    return bins, upto - counts, upto


def _ordered_bits(scores: np.ndarray) -> np.ndarray:
    """Return unsigned numbers that are ordered as the float32 values are: uint32 (n,).

    The bits of floats above zero are ordered as the floats are, those below it the other way round.
    """
    bits = scores.astype(np.float32).view(np.uint32)
    sign = np.uint32(1 << 31)
    return np.where(bits & sign, ~bits, bits | sign)


def _thinned(curve: np.ndarray, along: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` points of a curve (2, m), evenly spaced by the rising `along` (m,)."""
    distinct = np.flatnonzero(np.diff(along, prepend=-1) > 0)
    wanted = np.linspace(along[0], along[-1], most)
    chosen = distinct[np.searchsorted(along[distinct], wanted - 1e-12)]
    return curve[:, np.unique(chosen)]
