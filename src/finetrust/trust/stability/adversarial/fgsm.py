"""The fast gradient sign method: one step along the gradient, of the largest size that is allowed.

Goodfellow, Shlens & Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, section 4;
in the Euclidean norm the fast gradient method (Miyato et al. 2017).
"""

import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.attack import (
    Attacked,
    LogitsOf,
    Victims,
    ascent,
    is_wrong,
)
from finetrust.trust.stability.adversarial.losses import cross_entropy
from finetrust.trust.stability.adversarial.norms import Norm, spread


def fgsm(
    logits_of: LogitsOf, victims: Victims, norm: Norm, gradient: Tensor | None = None
) -> Attacked:
    """Attack by one step of size ``eps``.

    Parameters
    ----------
    logits_of : callable
    victims : Victims
        Their seeds and start are not used.
    norm : Norm
    gradient : float tensor (n, 3, h, w), optional
        Of the cross-entropy at the untouched images, if it is known already.
    """
    images, labels = victims.images, victims.labels
    if gradient is None:
        gradient = ascent(logits_of, images, labels, labels, cross_entropy)[2]
    points = (images + spread(victims.eps, images) * norm.steepest(gradient)).clamp(0, 1)
    with torch.no_grad():
        broken = is_wrong(logits_of(points), labels)
    return Attacked(torch.where(spread(broken, images) > 0, points, images), broken)
