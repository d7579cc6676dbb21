"""DoRA: LoRA turns the directions of the weights, and their lengths train apart (Liu et al. 2024)."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from torch import nn

from finetrust.tuning.adaptable import Adaptable
from finetrust.tuning.adapters import Adapters
from finetrust.tuning.addition import additions
from finetrust.tuning.additions.lora import ALPHA, RANK, RATE
from finetrust.tuning.low_rank import low_rank_config, low_rank_fault

if TYPE_CHECKING:
    from peft import PeftConfig


@additions.register("dora")
class DoRA(Adapters):
    """Adapters of direction and length: ``m * (W + c B A) / |W + c B A|``, and m, A and B train.

    Liu, Wang, Yin et al. (2024), "DoRA: Weight-Decomposed Low-Rank Adaptation", ICML, eq. 5, with c of
    ``alpha / rank`` and a length for each output, as in peft; no gradient flows through the lengths that
    are divided by (section 4.3). The rest is as in ``lora``; peft has none for
    ``nn.MultiheadAttention``, which stays as it is.
    """

    name: ClassVar[str] = "dora"
    rate: ClassVar[float] = RATE

    rank: Annotated[int, Field(ge=1)] = Field(
        RANK, description="Rank of what is added to a matrix."
    )
    alpha: Annotated[int, Field(ge=1)] = Field(
        ALPHA, description="What is added counts alpha / rank."
    )

    def config(self, found: Adaptable, backbone: nn.Module) -> "PeftConfig":
        return low_rank_config(found, self.rank, self.alpha, magnitudes=True)

    def fault(self, layer: nn.Module) -> str | None:
        if isinstance(layer, nn.MultiheadAttention):
            return "peft has no dora for nn.MultiheadAttention"
        return low_rank_fault(layer, self.rank)
