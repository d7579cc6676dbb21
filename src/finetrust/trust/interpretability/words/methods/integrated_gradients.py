"""Integrated Gradients on the embeddings of tokens: what each word adds to the score.

Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.integrated_gradients import integrated_gradients
from finetrust.trust.interpretability.words.embeddings import (
    Embedded,
    embedded,
    need_embeddings,
)
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName

POINTS_AT_ONCE = 16
"""Of the quadrature, as :func:`integrated_gradients` takes them."""


@dataclass(frozen=True)
class IntegratedGradients:
    """Compared with the same text with every token but the special ones replaced by padding.

    The numbers add up to the score less that of the text of padding (proposition 1), up to the error
    of the quadrature.

    Parameters
    ----------
    steps : int
        Points of the Gauss-Legendre quadrature.
    """

    steps: int = 32

    title: ClassVar[str] = "Integrated Gradients"
    reference: ClassVar[str] = (
        "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "quick"

    def passes(self, words: int) -> tuple[int, int]:
        return 2, self.steps

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        need_embeddings(explained, example)

    def promised(
        self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor
    ) -> np.ndarray:
        """Return the score of each text less that of the text of padding."""
        found = np.full(len(texts), np.nan)
        for part in embedded(explained, texts, targets, copies=2):
            ends = part.score(torch.stack([part.value, part.baseline])).detach().double()
            found[part.rows] = (ends[0] - ends[1]).cpu().numpy()
        return found

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        maps: Maps = [np.empty(0)] * len(texts)
        for part in embedded(explained, texts, targets, copies=POINTS_AT_ONCE):
            score = partial(_total, part)
            found, _ = integrated_gradients(score, part.value, part.baseline, self.steps)
            for row, of_words in zip(part.rows, part.of_words(found.sum(dim=-1)), strict=True):
                maps[row] = of_words
        return maps


def _total(part: Embedded, points: Tensor) -> Tensor:
    """Return the sum over the texts at each point: each text has the gradient of its own score."""
    return part.score(points).sum(dim=1)


word_methods.add("integrated_gradients", IntegratedGradients())
