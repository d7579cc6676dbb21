"""Averages of the outputs of several networks for the same inputs, as an ensemble answers.

Lakshminarayanan, Pritzel & Blundell (2017), "Simple and Scalable Predictive Uncertainty Estimation using
Deep Ensembles", NeurIPS, section 2.4: probabilities are averaged, and numbers by their mean. What comes
out is of the same kind as what goes in, so that everything that reads outputs reads these too.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def mean_of_classes(logits: Sequence[Tensor]) -> Tensor:
    """Return the logarithm of the mean probability of each class.

    Parameters
    ----------
    logits : sequence of float tensor (..., classes)
        That of one network alone is returned as it is.

    Returns
    -------
    float tensor (..., classes)
        Logits whose softmax is the mean of the softmaxes.
    """
    return _log_mean_softmax(logits, -1)


def mean_of_maps(logits: Sequence[Tensor]) -> Tensor:
    """Return what :func:`mean_of_classes` does, at each place of maps (n, classes, h, w)."""
    return _log_mean_softmax(logits, 1)


def mean_of_labels(logits: Sequence[Tensor]) -> Tensor:
    """Return logits (n, labels) whose sigmoid is the mean of the sigmoids."""
    if len(logits) == 1:
        return logits[0]
    stacked = torch.stack(list(logits))
    yes, no = functional.logsigmoid(stacked), functional.logsigmoid(-stacked)
    return yes.logsumexp(0) - no.logsumexp(0)


def mean_of_numbers(numbers: Sequence[Tensor]) -> Tensor:
    """Return the mean of numbers (n, ...)."""
    return numbers[0] if len(numbers) == 1 else torch.stack(list(numbers)).mean(0)


def _log_mean_softmax(logits: Sequence[Tensor], axis: int) -> Tensor:
    if len(logits) == 1:
        return logits[0]
    stacked = torch.stack([one.log_softmax(axis) for one in logits])
    return stacked.logsumexp(0) - math.log(len(logits))
