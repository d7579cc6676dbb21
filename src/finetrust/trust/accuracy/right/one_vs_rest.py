"""Every class against the rest, by the probabilities of a classifier.

Hand & Till, "A simple generalisation of the area under the ROC curve for multiple class classification
problems", Machine Learning 2001; the intervals are by DeLong, DeLong & Clarke-Pearson 1988.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import chunks
from finetrust.trust.accuracy.intervals import resampled_means
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.ranked import rank

MOST_CELLS_IN_FULL = 1 << 24
CURVE_POINTS = 20_000
ALL_BUT_CERTAIN = 1e-6


@dataclass(frozen=True, eq=False)
class OneVsRest:
    """The k classes that some answered item belongs to and some does not.

    Parameters
    ----------
    rows : int array (m,)
        The items with an answer.
    classes, positives : int arrays (k,)
        Which classes they are, and their items.
    auroc, average_precision, precision_excess : float64 arrays (k,)
    auroc_influence, precision_influence : float64 arrays (m,)
        Of each item on the mean over the classes.
    roc, precision_recall : tuples of float64 array (2, points)
        Of each class.
    """

    rows: np.ndarray
    classes: np.ndarray
    positives: np.ndarray
    auroc: np.ndarray
    average_precision: np.ndarray
    precision_excess: np.ndarray
    auroc_influence: np.ndarray
    precision_influence: np.ndarray
    roc: tuple[np.ndarray, ...]
    precision_recall: tuple[np.ndarray, ...]


@once
def one_vs_rest_of(evidence: Evidence) -> OneVsRest:
    """Return how the probabilities of every class rank the clean items.

    Raises
    ------
    NotApplicable
        If the items with an answer are of one class, or there are none.
    """
    rows, scores, targets = _scores(evidence)
    counts = np.bincount(targets, minlength=len(scores))
    classes = np.flatnonzero((counts > 0) & (counts < len(targets)))
    if len(classes) == 0:
        raise NotApplicable("the items with finite scores are all of one class")
    points = int(np.clip(CURVE_POINTS // len(classes), 10, 100))
    influences = np.zeros((2, len(targets)))
    areas, roc, precision_recall = [], [], []
    for c in classes:
        found = rank(scores[c], targets == c, points)
        influences[0] += found.auroc_influence / len(classes)
        influences[1] += found.precision_influence / len(classes)
        areas.append((found.auroc, found.average_precision, found.precision_excess))
        roc.append(found.roc)
        precision_recall.append(found.precision_recall)
    # They sum to zero but for rounding.
    influences -= influences.mean(axis=1, keepdims=True)
    auroc, average_precision, excess = np.array(areas).T
    return OneVsRest(
        rows,
        classes,
        counts[classes],
        auroc,
        average_precision,
        excess,
        influences[0],
        influences[1],
        tuple(roc),
        tuple(precision_recall),
    )


def log_odds(log_p: np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)), by which classes rank items as by p: float64 array (n, classes).

    Probabilities that are too near to 1 to be told apart keep their order, by the sum of the others.
    Equal ones stay equal where their distance from 1 can be told.

    Parameters
    ----------
    log_p : float64 array (n, classes)
        Log-probabilities of at least two classes.
    """
    with np.errstate(divide="ignore"):
        odds = log_p - np.log1p(-np.exp(log_p))
    rows, columns = np.nonzero(log_p > -ALL_BUT_CERTAIN)
    others = log_p[rows]
    others[np.arange(len(rows)), columns] = -np.inf
    with np.errstate(divide="ignore"):
        odds[rows, columns] = log_p[rows, columns] - logsumexp(others, axis=1)
    return odds


def interval_of_mean(
    values: np.ndarray, trials: np.ndarray, influence: np.ndarray
) -> tuple[float, float]:
    """Return the interval of the mean of areas in [0, 1].

    The Wilson score interval of a share of as many items as have the variance of the mean. To the
    variance that the influences show, every class adds that of one item more of each kind which is
    misplaced by one half: where all is in order, the influences show none.

    Parameters
    ----------
    values : float array (k,)
        The areas of the classes.
    trials : float array (j, k)
        How many items of each kind there are.
    influence : float array (n,)
        Of the items on the mean.
    """
    k, values = len(values), values.clip(0, 1)
    variance = (influence**2).sum() + (1 / (trials + 1) ** 2).sum() / (4 * k**2)
    fewest = trials.min(axis=0)
    shrunk = ((values * fewest + 0.5) / (fewest + 1)).mean()
    return share_interval(float(values.mean()), float(shrunk * (1 - shrunk) / variance))


def linear_replicates(
    evidence: Evidence, rows: np.ndarray, value: float, influence: np.ndarray
) -> np.ndarray:
    """Return `value` on the shared resamples, to first order in the weights of the items.

    Parameters
    ----------
    rows : int array (m,)
        The clean items with an answer.
    influence : float array (m,)
        Theirs on the value.
    """
    n = len(evidence.clean)
    spread = np.zeros((n, 1))
    spread[rows, 0] = influence * n
    return value + resampled_means(spread, seed=evidence.seed)[:, 0]


def _scores(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows (m,), log-odds (classes, m) and targets (m,) of the answered items."""
    n, n_classes = evidence.clean["logits"].shape
    kind = np.float64 if n * n_classes <= MOST_CELLS_IN_FULL else np.float32
    scores = np.empty((n_classes, n), dtype=kind)
    found, targets, filled = [], [], 0
    for rows, _, log_p, of_rows in chunks(evidence.clean, evidence.calibration):
        scores[:, filled : filled + len(rows)] = log_odds(log_p).T
        filled += len(rows)
        found.append(rows)
        targets.append(of_rows)
    if not found:
        raise NotApplicable("the model returned NaN or infinity for every item")
    return np.concatenate(found), scores[:, :filled], np.concatenate(targets)
