"""Losses that are a function of the log-probability of the class, and their mean over a batch."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from finetrust.models.tree import Tree
from finetrust.tasks.weighted_mean import total_weight

OfClass = Callable[[Tensor], Tensor]
"""From the log-probability of a class to the loss of an item that belongs to it, element by element."""


class ClassLoss(nn.Module):
    """Mean of a loss over items, words or pixels, in every other respect as torch's cross entropy.

    With class c, ``l_c = factor_c * of_class(log p_c)`` and ``p = softmax(logits + shift)``:

    - Of class indices the mean is ``sum_i w_i l_i / sum_i w_i`` over the items with a class, 0 without
      any. Label smoothing by e takes ``(1 - e) w_y l_y + (e / K) sum_c w_c l_c`` for ``w_y l_y``.
    - Of shares of the classes, as mixing makes them, it is ``mean_i sum_c w_c q_ic l_c``: an item
      stands for its classes in their shares.

    Where ``of_class`` is minus the identity, it is the cross entropy.

    Parameters
    ----------
    of_class : callable
        Its gradient must be finite for all log-probabilities up to 0.
    weight : float tensor (k,) or None
        Of the classes; the weights of a batch add up to one.
    label_smoothing : float
    ignore_index : int
        The target of what has no class.
    shift : float tensor (k,) or None
        Is added to the logits.
    factor : float tensor (k,) or None
        On the loss of each class; unlike weights, these do not add up to anything.
    """

    weight: Tensor | None
    shift: Tensor | None
    factor: Tensor | None

    def __init__(
        self,
        of_class: OfClass,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        ignore_index: int = -100,
        shift: Tensor | None = None,
        factor: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("shift", shift)
        self.register_buffer("factor", factor)
        self.of_class, self.label_smoothing = of_class, label_smoothing
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits (n, k, ...) and class indices (n, ...) or shares (n, k, ...)."""
        if self.shift is not None:
            logits = logits + _along_classes(self.shift, logits)
        log_p = logits.log_softmax(1)
        if targets.is_floating_point():
            smooth = self.label_smoothing
            shares = targets * (1 - smooth) + smooth / logits.shape[1]
            return (shares * self._of_every_class(log_p)).sum(1).mean()
        known = targets != self.ignore_index
        chosen = torch.where(known, targets, 0)
        weight = known.to(log_p.dtype)
        if self.weight is not None:
            weight = weight * self.weight[chosen]
        losses = self.of_class(log_p.gather(1, chosen.unsqueeze(1)).squeeze(1))
        if self.factor is not None:
            losses = losses * self.factor[chosen]
        total = (weight * losses).sum()
        if self.label_smoothing:
            spread = (self._of_every_class(log_p).mean(1) * known).sum()
            total = (1 - self.label_smoothing) * total + self.label_smoothing * spread
        return total / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)

    def total_weight(self, targets: Tree) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return total_weight(targets, self.weight, self.ignore_index)

    def _of_every_class(self, log_p: Tensor) -> Tensor:
        losses = self.of_class(log_p)
        for scale in (self.weight, self.factor):
            if scale is not None:
                losses = losses * _along_classes(scale, losses)
        return losses


def _along_classes(values: Tensor, logits: Tensor) -> Tensor:
    return values.view(1, -1, *[1] * (logits.dim() - 2))
