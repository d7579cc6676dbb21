"""Checkpoints of the loop: whole or absent, the newest one always kept."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

from finetrust.core.atomic import flush_folder, replacing, write_json
from finetrust.core.errors import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass(frozen=True)
class Position:
    """Where the loop stands: everything that the next step depends on beside tensors.

    Parameters
    ----------
    phase, epoch, batch : int
        Phases and epochs that are complete, and batches of the current epoch that are.
    step : int
        Optimiser steps of the current phase.
    loss_sum : float
        Sum of the training losses of the current epoch.
    term_sums : mapping of str to float
        What each penalty had in it.
    best : float or None
        Best validation result of the current phase; ``best_loss`` its loss, which breaks ties.
    best_epoch : int
        The epoch it was reached in.
    log_lines : int
        Lines of the log that are final.
    micro_batch : int
        Items per forward pass, after any halving for want of memory; 0 for the whole batch.
    """

    phase: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    best: float | None = None
    best_loss: float = 0.0
    best_epoch: int = 0
    log_lines: int = 0
    micro_batch: int = 0
    term_sums: Mapping[str, float] = field(default_factory=dict)

    def moved(self, **changes: object) -> "Position":
        """Return the position with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def save_checkpoint(
    folder: Path,
    accelerator: "Accelerator",
    position: Position,
    average: nn.Module | None,
    states: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Write model, optimiser, average, random states and the `states` of penalties by name.

    Older checkpoints go once it is whole.

    Raises
    ------
    UserError
        If the disk is full or the folder cannot be written; the previous checkpoint stays whole.
    """
    name = f"step-{position.phase:02d}-{position.step:08d}"
    temporary, final = folder / f".{name}.tmp", folder / name
    try:
        if accelerator.is_main_process:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
        accelerator.wait_for_everyone()
        accelerator.save_state(str(temporary))
        if accelerator.is_main_process:
            if average is not None:
                save_model(average, str(temporary / "average.safetensors"))
            for name, state in states.items():
                save_file(dict(state), temporary / f"penalty-{name}.safetensors")
            write_json(temporary / "position.json", asdict(position))
            flush_folder(temporary)
            _publish(temporary, final)
    except (OSError, SafetensorError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _disk_error(final, error) from error
    accelerator.wait_for_everyone()


def read_position(folder: Path) -> tuple[Path, Position] | None:
    """Return the newest whole checkpoint in `folder` and the position it holds, or None."""
    whole = sorted(path for path in folder.glob("step-*") if (path / "position.json").exists())
    if not whole:
        return None
    raw = json.loads((whole[-1] / "position.json").read_text(encoding="utf-8"))
    return whole[-1], Position(**raw)


def load_checkpoint(
    path: Path,
    accelerator: "Accelerator",
    average: nn.Module | None,
    states: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Put the tensors and random states of a checkpoint into the prepared objects and `states`."""
    accelerator.load_state(str(path))
    if average is not None:
        load_model(average, path / "average.safetensors")
    for name, state in states.items():
        kept = load_file(path / f"penalty-{name}.safetensors")
        for part, tensor in state.items():
            tensor.copy_(kept[part])


def save_state(path: Path, state: dict[str, Tensor]) -> None:
    """Write tensors to a safetensors file, whole or not at all."""
    try:
        with replacing(path) as temporary:
            save_file({name: t.contiguous() for name, t in state.items()}, temporary)
    except (OSError, SafetensorError) as error:
        raise _disk_error(path, error) from error


def load_state(module: nn.Module, file: Path) -> None:
    """Put the tensors of a file that :func:`save_state` wrote into `module`."""
    module.load_state_dict(load_file(file))


def _publish(temporary: Path, final: Path) -> None:
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    for other in final.parent.iterdir():
        stale = other.name.startswith(("step-", ".step-")) and other != final
        if stale:
            shutil.rmtree(other, ignore_errors=True)


def _disk_error(path: Path, error: Exception) -> UserError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UserError(
        f"{path}: could not be written ({reason}); what was written before is whole",
        "Free some disk space and go on with --resume.",
    )
