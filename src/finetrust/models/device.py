"""The device that a network runs on."""

import torch

from finetrust.core.errors import UserError


def find_device(name: str | None) -> torch.device:
    """Return the device called `name`, or the fastest there is.

    Raises
    ------
    UserError
        If this machine has no such device.
    """
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        known = "cpu and cuda" if torch.cuda.is_available() else "cpu"
        raise UserError(
            f"device '{name}' cannot be used ({reason})", f"This machine has {known}."
        ) from error
