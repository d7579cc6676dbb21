"""The accelerate object behind the loop: one process, DDP and FSDP are the same code."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import torch

from finetrust.core.errors import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator

TrainingPrecision = Literal["fp32", "bf16", "fp16"]


def new_accelerator(device: str | None, precision: str) -> "Accelerator":
    """Return an accelerator for this process.

    ``precision="auto"`` is bf16 on a GPU that has it and fp32 elsewhere.

    Raises
    ------
    UserError
        If the device does not exist here.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, PartialState

    alone = "LOCAL_RANK" not in os.environ
    AcceleratorState._reset_state(reset_partial_state=alone)
    with _chosen(device):
        state = PartialState(cpu=device == "cpu")
        if precision == "auto":
            gpu = state.device.type == "cuda" and torch.cuda.is_bf16_supported()
            precision = "bf16" if gpu else "fp32"
        mixed = "no" if precision == "fp32" else precision
        try:
            return Accelerator(mixed_precision=mixed, cpu=device == "cpu")
        except ValueError as error:
            raise UserError(
                f"precision {precision} does not work on {state.device} ({error})",
                "Choose --precision fp32 or bf16.",
            ) from error


def check_device(device: str | None) -> None:
    """Raise UserError if `device` does not exist on this machine."""
    if device is None:
        return
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        found = "cuda" if torch.cuda.is_available() else "no GPU"
        raise UserError(
            f"device '{device}' cannot be used ({reason})", f"This machine has cpu and {found}."
        ) from error


@contextmanager
def _chosen(device: str | None) -> Iterator[None]:
    if device is None or device == "cpu":
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
