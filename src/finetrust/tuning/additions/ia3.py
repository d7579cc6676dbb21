"""IA3: what layers yield is scaled, number by number, and only the factors train (Liu et al. 2022)."""

from typing import TYPE_CHECKING, ClassVar

from torch import nn

from finetrust.tuning.adaptable import Adaptable, in_and_out
from finetrust.tuning.adapters import Adapters
from finetrust.tuning.addition import additions
from finetrust.tuning.low_rank import OWN_KIND, pattern

if TYPE_CHECKING:
    from peft import PeftConfig

RATE = 3e-3
"""Of the paper's recipe (appendix; T-Few)."""


@additions.register("ia3")
class IA3(Adapters):
    """Factors of activations, which start at 1.

    Liu, Tam, Muqeeth et al. (2022), "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than
    In-Context Learning", NeurIPS, section 3.3. The paper scales keys, values and what lies within the
    feed-forward networks; which layers of an arbitrary network these are cannot be told, so that all
    layers are scaled: a linear layer with fewer outputs than inputs, such as the second one of a
    feed-forward network, in its inputs, every other one in its outputs, a convolution in its channels.
    ``nn.MultiheadAttention`` stays as it is: peft has none for it.
    """

    name: ClassVar[str] = "ia3"
    rate: ClassVar[float] = RATE

    def config(self, found: Adaptable, backbone: nn.Module) -> "PeftConfig":
        from peft import IA3Config

        narrowing = tuple(name for name in found.layers if _narrows(backbone.get_submodule(name)))
        return IA3Config(
            target_modules=pattern(found.layers), feedforward_modules=pattern(narrowing)
        )

    def fault(self, layer: nn.Module) -> str | None:
        if isinstance(layer, nn.MultiheadAttention):
            return "peft has no ia3 for nn.MultiheadAttention"
        plain = type(layer) in (nn.Linear, nn.Conv2d) or type(layer).__name__ == "Conv1D"
        return None if plain else OWN_KIND


def _narrows(layer: nn.Module) -> bool:
    fan_in, fan_out = in_and_out(layer)
    return not isinstance(layer, nn.Conv2d) and fan_out < fan_in
