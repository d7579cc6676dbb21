"""Attention rollout: where what a transformer reads in the end came from.

Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020.
"""

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attention import attention_of, need_attention
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.trials.effort import EffortName


class AttentionRollout:
    """The product over the layers of attention, averaged over the heads and with the identity (eq. 1).

    It knows no class: every target has the same map, scaled to [0, 1].
    """

    title = "Attention rollout"
    reference = "Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020"
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_attention(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        attention = attention_of(explained, images, targets)
        identity = torch.eye(attention.read.shape[1], device=images.device)
        flow = identity.expand(len(images), -1, -1)
        for weights in attention.maps:
            flow = (weights.mean(dim=1) + identity) / 2 @ flow
        return attention.heat(flow, images.shape[-2:])


attributions.add("attention_rollout", AttentionRollout())
