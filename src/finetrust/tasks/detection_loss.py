"""The training loss of a detector: the sum of its own losses."""

from collections.abc import Sequence

from torch import Tensor, nn

from finetrust.models.tree import Tree
from finetrust.tasks.task import Objective

_OF_HEAD = ("boxes", "labels")


class DetectionLoss(Objective):
    """Sum of the losses that the head computes from its features and the targets.

    Crowd regions are not trained on: what lies in them counts as background, as in torchvision's
    reference training. Neither are boxes without an extent.
    """

    def __init__(self) -> None:
        super().__init__(nn.Identity())

    def forward(
        self, module: nn.Module, inputs: Tree, targets: Sequence[dict[str, Tensor]]
    ) -> Tensor:
        losses = module(inputs, [_trained_on(target) for target in targets])
        return sum(loss.float() for loss in losses.values())  # type: ignore[return-value]


def _trained_on(target: dict[str, Tensor]) -> dict[str, Tensor]:
    boxes = target["boxes"]
    kept = ~target["crowd"] & (boxes[:, 2:] > boxes[:, :2]).all(1)
    return {name: target[name][kept] for name in _OF_HEAD}
