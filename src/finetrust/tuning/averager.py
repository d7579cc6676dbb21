"""What is judged and kept in place of the weights that train: an average of them along the way."""

from collections.abc import Callable, Iterator

from torch import nn
from torch.optim.swa_utils import AveragedModel

from finetrust.models.tree import Tree

Inputs = Callable[[], Iterator[Tree]]
"""The training inputs of one epoch on the device, batch by batch, from the start at every call."""


class Averager:
    """Takes in the weights of one phase as they train.

    Parameters
    ----------
    average : AveragedModel
        All that it knows; a checkpoint holds its tensors and nothing else.
    """

    def __init__(self, average: AveragedModel) -> None:
        self.average = average.requires_grad_(False)

    def after_step(self, module: nn.Module) -> None:
        """Take in `module` as a step has left it."""
        return

    def after_epoch(self, module: nn.Module, epoch: int, inputs: Inputs) -> None:
        """Take in `module`, still in training mode, as epoch number `epoch` has left it."""
        return

    def judged(self, module: nn.Module) -> nn.Module:
        """Return the average, or `module` before anything was taken in."""
        return self.average.module if int(self.average.n_averaged) else module
