"""Losses of semantic segmentation: cross entropy, dice, focal, and cross entropy with dice."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from finetrust.core.registry import Registry
from finetrust.data.masks.masks import IGNORE
from finetrust.tasks.segmentation_logits import canvas_of, on_canvas
from finetrust.tasks.weighted_mean import total_weight

MakeLoss = Callable[[Tensor | None, float], nn.Module]
"""From the weights of the classes (or None) and the label smoothing to a loss."""

segmentation_losses: Registry[MakeLoss] = Registry("segmentation loss", "finetrust.tasks")


class PixelLoss(nn.Module):
    """A loss of logits and class indices; logits of lower resolution are enlarged bilinearly.

    Parameters
    ----------
    weight : float tensor (k,), optional
        Of the classes.
    label_smoothing : float
        Share of a target that is spread evenly over all classes, in cross entropy.
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, targets: Any) -> Tensor:
        """Return the loss of logits (n, k, h, w) and masks (n, H, W), or of their middles in a list.

        Without a single pixel that has a target it is 0.
        """
        targets = on_canvas(targets, canvas_of(logits)).long()
        if logits.shape[-2:] != targets.shape[-2:]:
            size = targets.shape[-2:]
            logits = functional.interpolate(logits, size, mode="bilinear", align_corners=False)
        return self.of_pixels(logits, targets)

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits that are as large as the targets."""
        raise NotImplementedError


class CrossEntropy(PixelLoss):
    """Mean of ``-w_t log p_t`` over the pixels with a target, the weights adding up to one."""

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        total = functional.cross_entropy(
            logits,
            targets,
            self.weight,
            ignore_index=IGNORE,
            reduction="sum",
            label_smoothing=self.label_smoothing,
        )
        return total / _divisor(targets, self.weight)

    def total_weight(self, targets: Any) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return total_weight(targets, self.weight, IGNORE)


class Dice(PixelLoss):
    """Soft dice (Milletari et al. 2016, V-Net, section 3), one minus the mean over the classes.

    ``D_c = 2 sum_i p_ic g_ic / (sum_i p_ic^2 + sum_i g_ic^2)`` over the pixels i of the batch that
    have a target, g being 1 at the target and else 0. Classes that the batch does not show are left
    out; weights weigh the classes.
    """

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        known = targets != IGNORE
        chosen = (targets * known).unsqueeze(1)
        probabilities = logits.softmax(1) * known.unsqueeze(1)
        of_target = probabilities.gather(1, chosen).squeeze(1)
        labels, flat = chosen.flatten(), known.flatten().to(logits.dtype)
        none = logits.new_zeros(logits.shape[1])
        pixels = none.index_add(0, labels, flat)
        hits = none.index_add(0, labels, of_target.flatten())
        score = 2 * hits / (probabilities.square().sum((0, 2, 3)) + pixels).clamp(min=1e-6)
        weight = (pixels > 0).to(logits.dtype)
        if self.weight is not None:
            weight = weight * self.weight
        return ((1 - score) * weight).sum() / weight.sum().clamp(min=1e-6)


class Focal(PixelLoss):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002, eq. 5) of the softmax, gamma = 2.

    Mean of ``-w_t (1 - p_t)^gamma log p_t`` over the pixels with a target.
    """

    gamma = 2.0

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        known = targets != IGNORE
        chosen = targets * known
        log_p = logits.log_softmax(1).gather(1, chosen.unsqueeze(1)).squeeze(1)
        weight = known.to(logits.dtype)
        if self.weight is not None:
            weight = weight * self.weight[chosen]
        total = -((1 - log_p.exp()) ** self.gamma * log_p * weight).sum()
        return total / _divisor(targets, self.weight)

    def total_weight(self, targets: Any) -> Tensor:
        """Return what the loss of `targets` is divided by."""
        return total_weight(targets, self.weight, IGNORE)


class CrossEntropyAndDice(PixelLoss):
    """Cross entropy plus dice, unweighted (Isensee et al. 2021, nnU-Net, methods)."""

    def __init__(self, weight: Tensor | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.cross_entropy = CrossEntropy(weight, label_smoothing)
        self.dice = Dice(weight)

    def of_pixels(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.cross_entropy.of_pixels(logits, targets) + self.dice.of_pixels(logits, targets)


segmentation_losses.add("cross-entropy", CrossEntropy)
segmentation_losses.add("dice", Dice)
segmentation_losses.add("focal", Focal)
segmentation_losses.add("cross-entropy+dice", CrossEntropyAndDice)


def _divisor(targets: Tensor, weight: Tensor | None) -> Tensor:
    least = 1 if weight is None else torch.finfo(weight.dtype).tiny
    return total_weight(targets, weight, IGNORE).clamp(min=least)
