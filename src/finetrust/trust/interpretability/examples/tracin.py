"""TracIn on a linear head: how much training on an item lowered the loss of another.

Pruthi, Liu, Kale & Sundararajan, "Estimating Training Data Influence by Tracing Gradient Descent",
NeurIPS 2020: TracInCP (section 3.2) by the gradients of the last layer alone (section 4), in closed form.
"""

from collections.abc import Sequence

import numpy as np

from finetrust.trust.interpretability.examples.head_gradients import HeadGradients


def tracin(
    asked: Sequence[HeadGradients],
    training: Sequence[HeadGradients],
    rates: Sequence[float] | None = None,
) -> np.ndarray:
    """Return the influence of each training item on each asked item.

    The sum over the checkpoints of the learning rate times the inner product of the gradients. To
    first order it is by how much steps on the training item lower the loss of the asked one.

    Parameters
    ----------
    asked : sequence of HeadGradients
        Of m items, one for each checkpoint.
    training : sequence of HeadGradients
        Of n items at the same checkpoints.
    rates : sequence of float, optional
        Learning rates; 1 for each checkpoint by default.

    Returns
    -------
    float64 array (m, n)
        Positive where the training item lowers the loss (a proponent).
    """
    rates = [1.0] * len(training) if rates is None else rates
    found = np.zeros((len(asked[0].residuals), len(training[0].residuals)))
    for rate, ones, others in zip(rates, asked, training, strict=True):
        found += rate * ones.products(others)
    return found


def tracin_self_influence(
    training: Sequence[HeadGradients], rates: Sequence[float] | None = None
) -> np.ndarray:
    """Return the influence of each training item on itself (section 4.1: high where labels are wrong).

    Parameters
    ----------
    training : sequence of HeadGradients
        Of n items, one for each checkpoint.
    rates : sequence of float, optional
        Learning rates; 1 for each checkpoint by default.

    Returns
    -------
    float64 array (n,)
        Not negative.
    """
    rates = [1.0] * len(training) if rates is None else rates
    found = np.zeros(len(training[0].residuals))
    for rate, ones in zip(rates, training, strict=True):
        found += rate * ones.squared_lengths()
    return found
