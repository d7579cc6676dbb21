"""Which precision inference runs in: measured once for a network on a machine, then remembered."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch

from finetrust.core.atomic import write_json
from finetrust.core.cache import cache_root
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.tree import Tree
from finetrust.models.weights_file import sha256_of_tensors

_ITEMS_TO_MEASURE = 16


def fastest_inference(network: Network, inputs: Callable[[], Tree]) -> Inference:
    """Return `network` prepared for inference in the precision that :meth:`Inference.fastest` found.

    Parameters
    ----------
    network : Network
    inputs : callable
        Returns a typical batch; called only where nothing is remembered.
    """
    file = _file(network)
    try:
        return Inference(network, json.loads(file.read_text(encoding="utf-8"))["precision"])
    except (OSError, ValueError, KeyError):
        inference = Inference.fastest(network, inputs())
    write_json(file, {"precision": inference.precision})
    return inference


def some_inputs(network: Network, dataset: Dataset) -> Callable[[], Tree]:
    """Return what yields the first inputs of `dataset` as the network takes them."""

    def inputs() -> Tree:
        prepare = network.preprocessing.transform()
        rows = range(min(_ITEMS_TO_MEASURE, len(dataset)))
        return network.preprocessing.collate([prepare(dataset.inputs[row]) for row in rows])

    return inputs


def _file(network: Network) -> Path:
    device = network.device
    machine = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type} {torch.backends.cpu.get_cpu_capability()} {torch.get_num_threads()}"
    )
    parts = (
        sha256_of_tensors(network.backbone.state_dict()),
        network.backbone,
        network.preprocessing,
        machine,
        torch.__version__,
    )
    key = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
    return cache_root() / "precision" / f"{key}.json"
