"""Surgical fine-tuning: the block whose gradient is largest beside its weights trains (Lee et al. 2023)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field, PrivateAttr
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.models.network import Network
from finetrust.models.tree import to_device
from finetrust.tuning.addition import Addition, End, Planned, Start, additions
from finetrust.tuning.batches import InputBatches
from finetrust.tuning.optimizer import pretrained_blocks
from finetrust.tuning.strategy import Phase
from finetrust.tuning.what_trains import PLACE, check_what_trains, refuse_gradual

_MOST_ITEMS, _TOGETHER = 1024, 32
"""How many training items the gradient is that of, and how many of them go through at once."""


@additions.register("surgical")
class Surgical(Addition):
    """Of what is pretrained one block trains, or few; see :func:`relative_gradient_norms`.

    Lee, Chen, Tajwar et al. (2023), "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts",
    ICLR: which block is best hangs on the shift, early ones for the look of the inputs, late ones for
    the labels, and the relative gradient norm tells it. The paper sets the learning rates of all layers
    in proportion to it; here the blocks where it is highest train, and all others stay frozen with their
    norms. The head has to be trained before, for its gradient chooses.
    """

    place: ClassVar[str] = PLACE
    reads_before: ClassVar[bool] = True

    blocks: Annotated[int, Field(ge=1)] = Field(1, description="How many blocks train.")
    _ranked: dict[str, float] = PrivateAttr(default_factory=dict)

    def check(self, planned: Planned) -> None:
        check_what_trains("surgical", planned)
        refuse_gradual("surgical", planned)
        if planned.phases[0].trains_backbone:
            raise UserError(
                "surgical chooses by a gradient through the head, which is still untrained",
                "Train it first: --strategy 'lp-ft + surgical'.",
            )

    def check_network(self, network: Network) -> None:
        found = len(pretrained_blocks(network))
        if self.blocks >= found:
            raise UserError(
                f"surgical(blocks={self.blocks}): what is pretrained has {found} blocks in all",
                "Choose fewer, or let all weights train: --strategy lp-ft.",
            )

    def trains(self, start: Start, phase: Phase) -> frozenset[str]:
        blocks = pretrained_blocks(start.network)
        self._ranked = _ranking(start)
        chosen = list(self._ranked)[: self.blocks]
        return frozenset(name for block in chosen for name in blocks[block])

    def finish(self, end: End) -> dict[str, Any]:
        """Return the ranking of all blocks as it was when they were chosen, and those that trained."""
        assert end.before is not None
        now = end.network.state_dict()
        trained = [
            block
            for block, names in pretrained_blocks(end.network).items()
            if any(not torch.equal(now[name].cpu(), end.before[name]) for name in names)
        ]
        return {"ranking": self._ranked, "trained": trained}


def relative_gradient_norms(
    blocks: Mapping[str, tuple[str, ...]], parameters: Mapping[str, Tensor]
) -> dict[str, float]:
    """Return ``|g| / |w|`` of each block, g being the gradient by all its weights w together.

    Lee et al. (2023), section 4, "relative gradient norm". A block without a gradient has 0.

    Parameters
    ----------
    blocks : mapping of str to tuple of str
        Names of the parameters of each block.
    parameters : mapping of str to Tensor
        With their gradients.

    Returns
    -------
    dict of str to float
        The largest first.
    """
    found = {}
    for block, names in blocks.items():
        weights = [parameters[name].detach() for name in names]
        gradients = [g for name in names if (g := parameters[name].grad) is not None]
        size = float(nn.utils.get_total_norm(weights))
        found[block] = float(nn.utils.get_total_norm(gradients)) / size if size else 0.0
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _ranking(start: Start) -> dict[str, float]:
    """Return the relative gradient norms of the blocks for the task's mean loss on training items.

    Norms have the statistics they come with, as they will where they stay frozen. The network, its
    buffers and all chance are left as they were.
    """
    network, device = start.network, start.network.device
    parameters = dict(network.named_parameters())
    took = {name: parameter.requires_grad for name, parameter in parameters.items()}
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    training = network.training
    objective = start.task.objective(start.options, start.train).to(device)
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(start.options.seed)
        network.eval()
        network.head.train()
        network.requires_grad_(True)
        network.zero_grad()
        batches = _batches(start)
        for inputs, targets in batches.epoch(0, 0):
            loss = objective(network, to_device(inputs, device), to_device(targets, device))
            (loss / batches.per_epoch).backward()
    found = relative_gradient_norms(pretrained_blocks(network), parameters)
    network.zero_grad()
    network.train(training)
    for name, parameter in parameters.items():
        parameter.requires_grad_(took[name])
    for name, buffer in network.named_buffers():
        buffer.copy_(buffers[name])
    return found


def _batches(start: Start) -> InputBatches:
    """Return batches of training items, all of the same size but for what cannot be shared."""
    items = len(start.train)
    order = np.random.default_rng(start.options.seed).permutation(items)[:_MOST_ITEMS]
    size = min(_TOGETHER, items)
    rows = np.sort(order[: len(order) // size * size])
    preprocessing = start.network.preprocessing
    samples = start.task.samples(preprocessing, "none")
    part = start.train.take(rows)
    return InputBatches(
        part, samples, preprocessing, size, None, None, (0, 1), start.options.workers
    )
