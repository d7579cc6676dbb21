"""What an attack drives up: losses of logits, one an item.

Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks", ICML 2020: equations 6 (difference of logits ratio) and 7 (targeted).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""``loss(logits, labels, targets)`` returns a float tensor (n,); `targets` are the wrong classes that a
targeted attack wants, and mean nothing to the others."""

_TINY = 1e-12
_RANKED = 3
_RANKED_TARGETED = 4


def cross_entropy(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of the labels; it saturates where the model is very sure."""
    return functional.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Return the highest logit of a wrong class less that of the label: positive where wrong."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return others.amax(dim=1) - own[:, 0]


def dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Return the difference of logits ratio, which no scale or shift of the logits changes.

    With two classes there is no third logit to divide by, and the margin stands in.
    """
    if logits.shape[1] < _RANKED:
        return margin(logits, labels, targets)
    ranked = logits.topk(_RANKED, dim=1).values
    return margin(logits, labels, targets) / (ranked[:, 0] - ranked[:, 2] + _TINY)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Return the difference of logits ratio between the label and the class that is wanted.

    With fewer than four classes it is not defined, and the plain difference stands in.
    """
    gain = (logits.gather(1, targets[:, None]) - logits.gather(1, labels[:, None]))[:, 0]
    if logits.shape[1] < _RANKED_TARGETED:
        return gain
    ranked = logits.topk(_RANKED_TARGETED, dim=1).values
    return gain / (ranked[:, 0] - (ranked[:, 2] + ranked[:, 3]) / 2 + _TINY)
