"""Attention rollout: from which words what an encoder reads in the end came.

Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020.
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


class AttentionRollout:
    """The product over the layers of attention, averaged over the heads and with the identity (eq. 1).

    It knows no class: every target has the same weights.
    """

    title = "Attention rollout"
    reference = "Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020"
    signed = False
    effort: EffortName = "quick"

    def passes(self, words: int) -> tuple[int, int]:
        return 0, 1

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        need_attention(explained, example)

    def promised(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> None:
        """Promise nothing."""

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        return word_relevance(explained, texts, targets, _rollout)


def _rollout(attention: Attention) -> Tensor:
    identity = torch.eye(attention.read.shape[1], device=attention.read.device)
    flow = identity.expand(len(attention.read), -1, -1)
    for weights in attention.maps:
        flow = (weights.mean(dim=1) + identity) / 2 @ flow
    return flow


word_methods.add("attention_rollout", AttentionRollout())
