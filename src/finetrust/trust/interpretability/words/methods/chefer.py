"""Relevance through attention: which words a score drew from.

Chefer, Gur & Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and
Encoder-Decoder Transformers", ICCV 2021.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from finetrust.trust.interpretability.words.attention import (
    Attention,
    need_attention,
    word_relevance,
)
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName


class Chefer:
    """From the identity on, each layer adds its attention times the relevance so far (eq. 5 and 6).

    Attention counts by the mean over the heads of the positive part of attention times gradient.
    """

    title = "Attention relevance (Chefer et al.)"
    reference = "Chefer, Gur & Wolf, Generic Attention-model Explainability, ICCV 2021"
    signed = False
    effort: EffortName = "quick"

    def passes(self, words: int) -> tuple[int, int]:
        return 0, 1

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        need_attention(explained, example)

    def promised(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> None:
        """Promise nothing."""

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        return word_relevance(explained, texts, targets, _relevance)


def _relevance(attention: Attention) -> Tensor:
    """Return the relevance without the identity that it starts from.

    Where every token is read, as a mean over them is, the identity adds the same to each word; where
    one special token is read, nothing to any.
    """
    identity = torch.eye(attention.read.shape[1], device=attention.read.device)
    relevance = identity.expand(len(attention.read), -1, -1)
    for weights, gradient in zip(attention.maps, attention.gradients, strict=True):
        relevance = relevance + (weights * gradient).relu().mean(dim=1) @ relevance
    return relevance - identity


word_methods.add("chefer", Chefer())
