"""Saliency on the embeddings of tokens: how fast the score changes with each word.

Li, Chen, Hovy & Jurafsky, "Visualizing and Understanding Neural Models in NLP", NAACL 2016.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from finetrust.trust.interpretability.words.embeddings import (
    embedded,
    gradients,
    need_embeddings,
)
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName


class Saliency:
    """The Euclidean length of the gradient by the embedding, summed over the tokens of a word."""

    title = "Saliency"
    reference = "Li et al., Visualizing and Understanding Neural Models in NLP, NAACL 2016"
    signed = False
    effort: EffortName = "quick"

    def passes(self, words: int) -> tuple[int, int]:
        return 0, 1

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        need_embeddings(explained, example)

    def promised(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> None:
        """Promise nothing."""

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        maps: Maps = [np.empty(0)] * len(texts)
        for part in embedded(explained, texts, targets):
            lengths = gradients(part.value, part.score).norm(dim=-1)
            for row, of_words in zip(part.rows, part.of_words(lengths), strict=True):
                maps[row] = of_words
        return maps


word_methods.add("saliency", Saliency())
