"""What LoRA and DoRA have in common: the layers that a low rank fits, and how peft is asked for it."""

import re
from typing import TYPE_CHECKING

from torch import nn

from finetrust.tuning.adaptable import Adaptable, in_and_out

if TYPE_CHECKING:
    from peft import LoraConfig

OWN_KIND = "they are layers of a kind of their own"


def low_rank_config(
    found: Adaptable, rank: int, alpha: int, magnitudes: bool = False
) -> "LoraConfig":
    """Return how peft puts low-rank adapters into the layers that were found.

    Parameters
    ----------
    found : Adaptable
    rank : int
    alpha : int
    magnitudes : bool
        Whether the lengths of the weights train apart from their directions (DoRA).
    """
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules=pattern(found.layers),
        target_parameters=[f"{name}.in_proj_weight" for name in found.attention] or None,
        use_dora=magnitudes,
    )


def low_rank_fault(layer: nn.Module, rank: int) -> str | None:
    """Return why a low rank does not fit a layer, or peft does not merge it; None if all is well."""
    if isinstance(layer, nn.MultiheadAttention):
        if layer.in_proj_weight is None:
            return "their queries, keys and values have weights of their own"
    elif type(layer) not in (nn.Linear, nn.Conv2d) and type(layer).__name__ != "Conv1D":
        return OWN_KIND
    if isinstance(layer, nn.Conv2d):
        if layer.groups > 1:
            return "they are grouped convolutions"
        if layer.padding_mode != "zeros":
            return "they are convolutions that do not pad with zeros"
    fan_in, fan_out = in_and_out(layer)
    if rank * (fan_in + fan_out) >= fan_in * fan_out:
        return f"they are so small that a rank of {rank} saves nothing"
    return None


def pattern(names: tuple[str, ...]) -> str:
    """Return the regular expression of exactly these names; of none, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"
