"""LoRA: beside each frozen weight matrix a product of two thin ones trains (Hu et al. 2022)."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from torch import nn

from finetrust.tuning.adaptable import Adaptable
from finetrust.tuning.adapters import Adapters
from finetrust.tuning.addition import additions
from finetrust.tuning.low_rank import low_rank_config, low_rank_fault

if TYPE_CHECKING:
    from peft import PeftConfig

RANK, ALPHA = 4, 8
"""A rank of 4 does as well as 8 where several matrices are adapted (Hu et al., section 7.2); peft's alpha."""
RATE = 1e-3
"""That of the head; the paper took 2e-4 to 5e-4 for far larger transformers."""


@additions.register("lora")
class LoRA(Adapters):
    """Low-rank adapters: a layer's weights are ``W + alpha / rank * B A``, and A and B train.

    Hu, Shen, Wallis et al. (2022), "LoRA: Low-Rank Adaptation of Large Language Models", ICLR, eq. 3. A
    starts at random and B at 0, so that the network starts as it was. Of a convolution A has its kernel
    and B is 1 x 1. ``nn.MultiheadAttention`` is adapted in its queries, keys and values.
    """

    name: ClassVar[str] = "lora"
    rate: ClassVar[float] = RATE

    rank: Annotated[int, Field(ge=1)] = Field(
        RANK, description="Rank of what is added to a matrix."
    )
    alpha: Annotated[int, Field(ge=1)] = Field(
        ALPHA, description="What is added counts alpha / rank."
    )

    def config(self, found: Adaptable, backbone: nn.Module) -> "PeftConfig":
        return low_rank_config(found, self.rank, self.alpha)

    def fault(self, layer: nn.Module) -> str | None:
        return low_rank_fault(layer, self.rank)
