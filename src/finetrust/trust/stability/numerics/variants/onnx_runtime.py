"""ONNX: the network exported and run by another engine, ONNX Runtime on the CPU."""

import copy
import importlib.metadata
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.models.network import Network
from finetrust.models.tree import Tree, leaves, to_device
from finetrust.trust.stability.numerics.variants.variant import (
    asked_one_by_one,
    unless_it_fails,
    variant,
)
from finetrust.trust.trials.bench import Bench

_CANNOT_RUN = "ONNX Runtime cannot run the exported network"
# It exports index_add as an assignment: of several rows for one item the last one stays.
_SEVERAL_WINDOWS = (
    "texts longer than the model reads at once are read in several windows, which torch's exporter to "
    "ONNX adds up wrongly"
)
_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def versions() -> Mapping[str, Any]:
    """Return the versions of the packages it takes; None for one that is not installed."""
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


@variant("onnx", settings=versions)
def onnx(bench: Bench, rows: np.ndarray) -> Predictions:
    """Return the answers of the exported network, to one input at a time."""
    missing = [name for name, version in versions().items() if version is None]
    if missing:
        raise NotApplicable(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; install "
            "the extra: pip install 'finetrust[onnx]'"
        )
    network = copy.deepcopy(bench.network).cpu().eval().requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder:
        exported = _Exported(network, Path(folder))
        return asked_one_by_one(bench, rows, "onnx", exported)


class _Exported:
    """A network in ONNX: one graph for each shape of input, but for the number of tokens."""

    def __init__(self, network: Network, folder: Path) -> None:
        self._network, self._folder = network, folder
        self._sessions: dict[tuple[torch.Size, ...], Any] = {}

    def __call__(self, inputs: Tree) -> Tree:
        tensors = [leaf.cpu() for leaf in leaves(inputs)]
        if any(t.ndim == 3 and t.shape[1] > 1 and not t.is_floating_point() for t in tensors):
            raise NotApplicable(_SEVERAL_WINDOWS)
        shape = tuple(tensor.shape[:-1] for tensor in tensors)
        if shape not in self._sessions:
            file = self._folder / f"{len(self._sessions)}.onnx"
            with unless_it_fails("the network cannot be exported to ONNX"):
                export(self._network, to_device(inputs, torch.device("cpu")), file)
            self._sessions[shape] = _session(file)
        with unless_it_fails(_CANNOT_RUN):
            session = self._sessions[shape]
            names = [given.name for given in session.get_inputs()]
            arrays = (tensor.numpy() for tensor in tensors)
            (logits,) = session.run(None, dict(zip(names, arrays, strict=True)))
        return torch.from_numpy(logits)


def export(network: Network, inputs: Tree, file: Path) -> None:
    """Write a network to an ONNX file, for inputs of one shape and any number of tokens.

    What torch's exporter of whole graphs does not take (what depends on the values of a mask) is
    traced instead.

    Parameters
    ----------
    network : Network
    inputs : tree
        On the CPU, as the network is.
    file : Path
    """
    module, tensors = _Flat(network, inputs), tuple(leaves(inputs))
    names = [f"input_{i}" for i in range(len(tensors))]
    free = [[] if t.is_floating_point() else [t.ndim - 1] for t in tensors]
    shapes = tuple(dict.fromkeys(sides, torch.export.Dim.AUTO) for sides in free)
    with _quietly():
        try:
            torch.onnx.export(
                module, tensors, file, input_names=names, dynamic_shapes=(shapes,), dynamo=True,
                verbose=False,
            )  # fmt: skip
        except Exception:
            axes = {name: sides for name, sides in zip(names, free, strict=True) if sides}
            torch.onnx.export(
                module, tensors, str(file), input_names=names, dynamic_axes=axes, dynamo=False
            )


class _Flat(nn.Module):
    """A network that takes the tensors of a tree one by one."""

    def __init__(self, network: Network, inputs: Tree) -> None:
        super().__init__()
        self.network = network
        self._names: Sequence[str] | None = list(inputs) if isinstance(inputs, dict) else None

    def forward(self, *tensors: Tensor) -> Tree:
        inputs = tensors[0] if self._names is None else dict(zip(self._names, tensors, strict=True))
        return self.network(inputs)


def _session(file: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    with unless_it_fails(_CANNOT_RUN):
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporters' talk from the user's terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
