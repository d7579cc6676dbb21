"""Relevance through attention: which places a transformer's logit drew from.

Chefer, Gur & Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and
Encoder-Decoder Transformers", ICCV 2021.
"""

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attention import attention_of, need_attention
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.trials.effort import EffortName


class Chefer:
    """From the identity on, each layer adds its attention times the relevance so far (eq. 5 and 6).

    Attention counts by the mean over the heads of the positive part of attention times gradient. The
    map is scaled to [0, 1].
    """

    title = "Attention relevance (Chefer et al.)"
    reference = "Chefer, Gur & Wolf, Generic Attention-model Explainability, ICCV 2021"
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_attention(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        attention = attention_of(explained, images, targets)
        identity = torch.eye(attention.read.shape[1], device=images.device)
        relevance = identity.expand(len(images), -1, -1)
        for weights, gradient in zip(attention.maps, attention.gradients, strict=True):
            relevance = relevance + (weights * gradient).relu().mean(dim=1) @ relevance
        return attention.heat(relevance, images.shape[-2:])


attributions.add("chefer", Chefer())
