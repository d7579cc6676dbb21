"""Histogram binning of the probability of each class, normalised over the classes.

Zadrozny & Elkan, "Obtaining calibrated probability estimates from decision trees and naive Bayesian
classifiers", ICML 2001, section 3; over several classes as Guo et al. 2017, section 4.2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.trust.accuracy.calibration.bins import BINS, equal_width
from finetrust.trust.accuracy.calibration.methods.method import Method, methods
from finetrust.trust.accuracy.calibration.methods.one_vs_rest import log_normalised
from finetrust.trust.accuracy.probabilities import log_softmax


def fit(logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return, for each class and each of 15 bins of equal width, how often the class was true.

    One more item in the middle of each bin, as often true as its probability says, gives a value to
    an empty bin and keeps the others off 0 and 1.

    Parameters
    ----------
    logits : float array (n, classes)
        Finite.
    targets : int array (n,)
    """
    p = np.exp(log_softmax(logits))
    middle = (np.arange(BINS) + 0.5) / BINS
    values = [histogram_values(p[:, c], targets == c, middle) for c in range(p.shape[1])]
    return {"values": [of_class.tolist() for of_class in values]}


def apply(logits: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Return the logarithm of the normalised values of the bins: float64 array (n, classes)."""
    p = np.exp(log_softmax(logits))
    for c, values in enumerate(parameters["values"]):
        p[:, c] = np.array(values)[equal_width(p[:, c])]
    return log_normalised(p)


def histogram_values(p: np.ndarray, hit: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return the share of hits in each bin, one item at its `middle` added: float64 (bins,)."""
    bins = equal_width(p)
    count = np.bincount(bins, minlength=BINS)
    return (np.bincount(bins, hit, BINS) + middle) / (count + 1)


methods.add("histogram", Method(fit, apply, least=20))
