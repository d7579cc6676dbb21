"""The accelerate object behind the loop: one process, DDP and FSDP are the same code."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from finetrust.core.errors import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator


def new_accelerator(device: torch.device, precision: str) -> "Accelerator":
    """Return an accelerator for this process.

    ``precision="auto"`` is bf16 on a GPU that has it and fp32 elsewhere. Under ``torchrun`` or
    ``accelerate launch`` the launcher decides which of several GPUs is this process's.

    Raises
    ------
    UserError
        If the device cannot train in that precision.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, PartialState

    launched = "LOCAL_RANK" in os.environ
    AcceleratorState._reset_state(reset_partial_state=not launched)
    cpu = device.type == "cpu"
    with _chosen(None if cpu or launched else str(device)):
        state = PartialState(cpu=cpu)
        if launched:
            # Threads of a process group that is still there at the end abort the process.
            atexit.unregister(_leave)
            atexit.register(_leave)
        if precision == "auto":
            gpu = state.device.type == "cuda" and torch.cuda.is_bf16_supported()
            precision = "bf16" if gpu else "fp32"
        try:
            return Accelerator(mixed_precision="no" if precision == "fp32" else precision, cpu=cpu)
        except ValueError as error:
            raise UserError(
                f"precision {precision} does not work on {state.device} ({error})",
                "Choose --precision fp32 or bf16.",
            ) from error


def undistributed(module: nn.Module) -> nn.Module:
    """Return the module without what synchronises gradients: for passes beside that of the loss."""
    return module.module if isinstance(module, DistributedDataParallel) else module


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def _chosen(device: str | None) -> Iterator[None]:
    if device is None:
        yield
        return
    before = os.environ.get("ACCELERATE_TORCH_DEVICE")
    os.environ["ACCELERATE_TORCH_DEVICE"] = device
    try:
        yield
    finally:
        if before is None:
            del os.environ["ACCELERATE_TORCH_DEVICE"]
        else:
            os.environ["ACCELERATE_TORCH_DEVICE"] = before
