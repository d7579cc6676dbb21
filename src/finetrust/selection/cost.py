"""What a network costs on this machine: parameters, arithmetic, time and memory of a forward pass."""

import time
import weakref
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from finetrust.models.network import Network
from finetrust.models.tree import Tree, leaves, to_device

BYTES = 4
ROUNDS = 7
LONGEST_SECONDS = 2.0
NEEDED_ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """The cost of a backbone; what the head adds is the same for all candidates, and little.

    Parameters
    ----------
    parameters : int
    megabytes : float
        Of the weights in float32, in 10^6 bytes.
    gflops : float
        Floating-point operations of one input in 10^9, a multiply-add counted as two.
    latency_ms, latency_ms_low, latency_ms_high : float
        Median time of a pass of one input, and the fastest and slowest seen.
    latency_n : int
        How many passes were timed.
    memory_mb : float
        Most memory that weights and intermediate results of a pass of one input take at a time, in
        10^6 bytes; what libraries use inside an operation is seen on a GPU only.
    input_size : str
        Such as ``"224x224"``, or ``"256 tokens"``, the most that are read at once. Texts are timed by a
        short example.
    device : str
    """

    parameters: int
    megabytes: float
    gflops: float
    latency_ms: float
    latency_ms_low: float
    latency_ms_high: float
    latency_n: int
    memory_mb: float
    input_size: str
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return the cost as JSON values."""
        return asdict(self)


def cost_of(network: Network) -> Cost:
    """Measure what the backbone of a network costs, one input at a time, in float32.

    Parameters
    ----------
    network : Network
        On the device that it is to run on; left as it was.
    """
    was_training = network.training
    network.eval()
    try:
        example = network.preprocessing.example(1)
        inputs = to_device(example, network.device)
        times = _latencies(network, inputs)
        return Cost(
            parameters=sum(p.numel() for p in network.backbone.parameters()),
            megabytes=_bytes(network.backbone) / 1e6,
            gflops=flops(network, inputs) / 1e9,
            latency_ms=1e3 * float(np.median(times)),
            latency_ms_low=1e3 * min(times),
            latency_ms_high=1e3 * max(times),
            latency_n=len(times),
            memory_mb=peak_bytes(network, inputs) / 1e6,
            input_size=_size(network, example),
            device=str(network.device),
        )
    finally:
        network.train(was_training)


def flops(network: Network, inputs: Tree) -> int:
    """Return the floating-point operations of a pass: products of matrices, convolutions, attention.

    Counted by :class:`torch.utils.flop_counter.FlopCounterMode`; attention is computed by its
    plain products meanwhile, for the counter does not know the fused kernels of a CPU.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as seen:
            network.features(inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return int(seen.get_total_flops())


def peak_bytes(network: Network, inputs: Tree) -> int:
    """Return the most bytes that weights and intermediate results of a pass take at a time."""
    if network.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(network.device)
        before = torch.cuda.memory_allocated(network.device) - _bytes(network.backbone)
        with torch.no_grad():
            network.features(inputs)
        torch.cuda.synchronize(network.device)
        return torch.cuda.max_memory_allocated(network.device) - max(0, before)
    with torch.no_grad(), _Storages() as seen:
        network.features(inputs)
    return _bytes(network.backbone) + seen.peak


class _Storages(TorchDispatchMode):
    """Follows how many bytes the tensors that operations yield take while they are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = self._alive = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        given = {t.untyped_storage()._cdata for t in _tensors((args, kwargs))}
        for tensor in _tensors(found):
            storage = tensor.untyped_storage()
            if storage._cdata not in given | self._known:
                self._known.add(storage._cdata)
                self._alive += storage.nbytes()
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self._alive)
        return found

    def _gone(self, mark: int, size: int) -> None:
        self._known.discard(mark)
        self._alive -= size


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, dict):
        return [tensor for part in tree.values() for tensor in _tensors(part)]
    if isinstance(tree, (list, tuple)):
        return [tensor for part in tree for tensor in _tensors(part)]
    return []


def _latencies(network: Network, inputs: Tree) -> list[float]:
    """Return the seconds of several passes after one to warm up; slow networks make fewer."""
    times: list[float] = []
    with torch.inference_mode():
        _timed(network, inputs)
        while len(times) < ROUNDS and (len(times) < NEEDED_ROUNDS or sum(times) < LONGEST_SECONDS):
            times.append(_timed(network, inputs))
    return times


def _timed(network: Network, inputs: Tree) -> float:
    start = time.perf_counter()
    found = leaves(network.features(inputs))
    found[0].flatten()[0].item()  # waits for a GPU
    return time.perf_counter() - start


def _bytes(module: nn.Module) -> int:
    own = (*module.parameters(), *module.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in own)


def _size(network: Network, example: Tree) -> str:
    tensors = leaves(example)
    if tensors[0].ndim == 4:
        return f"{tensors[0].shape[3]}x{tensors[0].shape[2]}"
    return f"{network.preprocessing.to_dict()['max_length']} tokens"
