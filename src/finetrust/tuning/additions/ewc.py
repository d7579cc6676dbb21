"""EWC: weights are held at their start the more, the more the features depend on them (Kirkpatrick 2017)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from finetrust.config import NonNegative
from finetrust.models.network import Network
from finetrust.models.tree import to_device
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions
from finetrust.tuning.pretrained_start import (
    check_features,
    check_start,
    pretrained_parameters,
    relative,
    training_in,
)

WEIGHT = 400.0
"""With it MobileNetV1 moved about as far on Hymenoptera as with ``l2-sp`` and its authors' weight."""
_MOST_ITEMS, _TOGETHER = 256, 4
"""How many training items it is found from, and how many of them go through the network at once."""


@additions.register("ewc")
class EWC(Addition):
    """Pulls pretrained weights toward their start by their Fisher information; see :func:`ewc`.

    The likelihood is that of the features before the head: normal, around those of the pretrained
    network, with the squared norm of an item's features as variance. It knows no labels, since the head
    is untrained when a run starts and its gradients would say nothing; so it works for every task, and
    what is pretrained in a head is free. To second order the penalty is that of ``delta`` with the
    weights taken one by one.
    """

    weight: NonNegative = Field(WEIGHT, description="Lambda: pull of the weights.")

    def check(self, planned: Planned) -> None:
        check_start("ewc", planned)

    def check_network(self, network: Network) -> None:
        check_features("ewc", network)

    def penalty(self, start: Start) -> Penalty | None:
        if not self.weight:
            return None
        parameters = pretrained_parameters(start.network)
        return _EWC(parameters, _feature_fisher(start, list(parameters.values())), self.weight)


class _EWC(Penalty):
    of_backbone = True

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], fisher: Sequence[Tensor], weight: float
    ) -> None:
        self._parameters = list(parameters.values())
        self._start = [parameter.detach().clone() for parameter in self._parameters]
        self._fisher, self._weight = fisher, weight

    def term(self, step: Step) -> Tensor:
        training = training_in(step.module)
        moving = [
            parts
            for parts in zip(self._parameters, self._start, self._fisher, strict=True)
            if id(parts[0]) in training
        ]
        if not moving:
            return torch.zeros_like(step.loss)
        return self._weight * ewc(*zip(*moving, strict=True))


def ewc(weights: Sequence[Tensor], start: Sequence[Tensor], fisher: Sequence[Tensor]) -> Tensor:
    """Return how far weights are from their start, each counted by its Fisher information.

    Kirkpatrick et al. (2017), "Overcoming catastrophic forgetting in neural networks", PNAS 114(13),
    eq. 3 without the factor lambda: ``1/2 sum_i F_i (w_i - w_i0)**2``.

    Parameters
    ----------
    weights, start, fisher : sequences of float tensors
        In the same order and shapes.

    Returns
    -------
    float tensor ()
    """
    terms = [
        (information * (own - begun).square()).sum()
        for own, begun, information in zip(weights, start, fisher, strict=True)
    ]
    return torch.stack(terms).sum() / 2


def fisher_diagonal(
    parameters: Sequence[Tensor], likelihoods: Iterator[tuple[Tensor, int]]
) -> list[Tensor]:
    """Return the diagonal of the Fisher information of a model, for one item in the mean.

    ``F_i = E (d log p(y | x, w) / d w_i)**2`` with ``x`` from the data and ``y`` from the model itself.
    Several items may be differentiated together: the gradients of their log-likelihoods have mean 0
    where ``y`` is drawn from the model, each on its own, so the square of their sum is in the mean the
    sum of their squares.

    Parameters
    ----------
    parameters : sequence of float tensors
        That take gradients.
    likelihoods : iterator of (float tensor (), int)
        The summed log-likelihood of some items at answers drawn from the model, and how many they are.

    Returns
    -------
    list of float tensors
        In the shapes of `parameters`; 0 for one that the likelihood does not depend on.
    """
    sums, n = [torch.zeros_like(parameter) for parameter in parameters], 0
    for likelihood, items in likelihoods:
        gradients = torch.autograd.grad(likelihood, list(parameters), allow_unused=True)
        for total, gradient in zip(sums, gradients, strict=True):
            if gradient is not None:
                total += gradient.square()
        n += items
    return [total / n for total in sums]


def _feature_fisher(start: Start, parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Return the Fisher information of the features, from a part of the training data."""
    network, took = start.network, [parameter.requires_grad for parameter in parameters]
    training = network.training
    network.eval()
    for parameter in parameters:
        parameter.requires_grad_(True)
    try:
        return fisher_diagonal(parameters, _likelihoods(start))
    finally:
        network.train(training)
        for parameter, before in zip(parameters, took, strict=True):
            parameter.requires_grad_(before)


def _likelihoods(start: Start) -> Iterator[tuple[Tensor, int]]:
    network, train = start.network, start.train
    generator = torch.Generator().manual_seed(start.options.seed)
    order = np.random.default_rng(start.options.seed).permutation(len(train))[:_MOST_ITEMS]
    prepare = network.preprocessing.transform()
    for first in range(0, len(order), _TOGETHER):
        rows = order[first : first + _TOGETHER]
        inputs = network.preprocessing.collate([prepare(train.inputs[int(row)]) for row in rows])
        features = network.features(to_device(inputs, network.device))
        own = relative(features, features)
        drawn = torch.randn(own.shape, generator=generator).to(own.device)
        yield -(own.detach() + drawn - own).square().sum() / 2, len(rows)
