"""Input times gradient on the embeddings of tokens: a word's share of the linearised score.

Shrikumar, Greenside, Shcherbina & Kundaje, "Not Just a Black Box", arXiv:1605.01713, 2016; on words
Denil, Demiraj & de Freitas, "Extraction of Salient Sentences from Labelled Documents", 2014.
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


class InputXGradient:
    """The gradient times what the embedding has more than that of padding.

    One step of Integrated Gradients, at the text itself: 0 is no embedding of anything, padding is.
    """

    title = "Input x gradient"
    reference = "Shrikumar et al., Not Just a Black Box, arXiv:1605.01713, 2016"
    signed = True
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
            more = part.value - part.baseline
            product = (gradients(part.value, part.score) * more).sum(dim=-1)
            for row, of_words in zip(part.rows, part.of_words(product), strict=True):
                maps[row] = of_words
        return maps


word_methods.add("input_x_gradient", InputXGradient())
