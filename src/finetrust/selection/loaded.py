"""A candidate that is loaded: its network as ``finetrust tune`` would build it, and its source head."""

from dataclasses import dataclass

import torch
from torch import nn

from finetrust.config import TuneOptions, make_options
from finetrust.data.dataset import Dataset
from finetrust.models.head import Parts
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference, some_inputs
from finetrust.models.source import Provenance
from finetrust.selection.candidate import Candidate
from finetrust.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Loaded:
    """A candidate in memory.

    Parameters
    ----------
    network : Network
        Its backbone under an untrained head, on the device.
    source_head : nn.Linear or None
        The classifier that it came with, where that reads the features.
    provenance : Provenance
    """

    network: Network
    source_head: nn.Linear | None
    provenance: Provenance

    def prepared(self, dataset: Dataset, precision: str) -> Inference:
        """Return the network prepared for inference exactly as ``finetrust tune`` prepares it.

        Only then does a later run read the features that a selection has computed.
        """
        if precision == "auto":
            return fastest_inference(self.network, some_inputs(self.network, dataset))
        return Inference(self.network, "fp32" if precision == "fp32" else "bf16")


def load_candidate(
    candidate: Candidate, task: Task, dataset: Dataset, device: torch.device, seed: int
) -> Loaded:
    """Load a candidate for the data.

    Raises
    ------
    UserError
        If it is unknown, cannot be had, or does not fit the task.
    """
    options = make_options(TuneOptions, {**candidate.options, "seed": seed})
    torch.manual_seed(seed)
    assembled = task.assemble(options, dataset)
    parts = assembled.parts
    head = parts.head if isinstance(parts, Parts) else None
    network = task.network(assembled, dataset.classes, options)
    network.to(device).eval()
    return Loaded(network, head, assembled.provenance)
