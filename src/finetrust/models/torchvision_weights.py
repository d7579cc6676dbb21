"""What torchvision's sources have in common: weights by name, by download, and by the file's digest."""

import re
from collections.abc import Mapping
from typing import Any

import torch

from finetrust.core.download import impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.reason import reason

LICENCE = "BSD-3-Clause code; weights: see torchvision"


def named_weights(enum: Any, name: str, weights: str) -> Any:
    """Return the member of a weights enum that `weights` names; its default for ``"pretrained"``.

    Raises
    ------
    UserError
        If there is no such member; the nearest is suggested.
    """
    if weights == "pretrained":
        return enum.DEFAULT
    prefix, _, tag = weights.rpartition(".")
    if tag not in enum.__members__ or prefix not in ("", enum.__name__):
        raise UserError(
            f"torchvision has no weights '{weights}' for {name}",
            f"{did_you_mean(tag, enum.__members__)} Known: {', '.join(enum.__members__)}.".strip(),
        )
    return enum[tag]


def torchvision_model(name: str, weights: Any, args: Mapping[str, Any], **fixed: Any) -> Any:
    """Return the model called `name` with the weights of an enum's member, or random ones for None.

    What is `fixed` may not stand in `args` too.

    Raises
    ------
    UserError
        If the arguments are wrong, or the weights cannot be downloaded.
    """
    import torchvision

    try:
        with impatient():
            return torchvision.models.get_model(name, weights=weights, **fixed, **args)
    except (TypeError, ValueError) as error:
        raise UserError(f"model '{name}': {reason(error)}", "Change --model-args.") from error
    except Exception as error:
        if weights is None:
            raise
        raise UserError(
            f"the weights of {name} could not be had from {weights.url} ({reason(error)})",
            f"Fetch that file where there is a network and put it into "
            f"{torch.hub.get_dir()}/checkpoints, or give it with --weights FILE; "
            "--weights random starts from scratch.",
        ) from error


def weights_of_file(name: str, sha256: str) -> Any:
    """Return the member whose file has this SHA-256, the start of which is in its name; or None."""
    import torchvision

    members: Any = torchvision.models.get_model_weights(name)
    for member in members:
        digits = re.search(r"-([0-9a-f]{8,})\.pth$", member.url)
        if digits and sha256.startswith(digits[1]):
            return member
    return None
