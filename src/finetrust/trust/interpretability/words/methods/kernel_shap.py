"""Kernel SHAP over words: Shapley values of the words of a text, by weighted least squares.

Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017, theorem 2;
coalitions in pairs with their complements: Covert & Lee, "Improving KernelSHAP: Practical Shapley
Value Estimation via Linear Regression", AISTATS 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.kernel_shap import (
    drawn_coalitions,
    shapley_values,
)
from finetrust.trust.interpretability.words.hidden_words import parts_of
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class KernelShap:
    """The Shapley value of each word for the score; of a long text that of runs of words.

    The numbers add up to the score less that of the text without any word.

    Parameters
    ----------
    pairs : int
        Coalitions to sample, each with its complement.
    parts : int
        Players of a text at most: of more words so many neighbours play together as leave that many.
    """

    pairs: int = 100
    parts: int = 50

    title: ClassVar[str] = "Kernel SHAP"
    reference: ClassVar[str] = (
        "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "full"

    def passes(self, words: int) -> tuple[int, int]:
        return 2 * self.pairs + 2, 0

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        """Kernel SHAP asks only for answers: it applies to every network."""

    def promised(
        self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor
    ) -> np.ndarray:
        """Return the score of each text less that of the text without words."""
        whole, without = (
            explained.scores(
                [explained.hide(text, np.full(len(text), kept)) for text in texts], targets
            )
            for kept in (True, False)
        )
        return whole - without

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        seeds = explained.seeds_of(texts)
        maps: Maps = []
        for row, text in enumerate(texts):
            if not len(text):
                maps.append(np.empty(0))
                continue
            part = parts_of(len(text), self.parts)
            players = int(part.max()) + 1
            drawn = drawn_coalitions(self.pairs, players, seeds[row : row + 1]).double().numpy()
            variants = [explained.hide(text, keep) for keep in drawn[:, part] > 0]
            scores = explained.scores(variants, targets[torch.full((len(drawn),), row)])
            values = shapley_values(drawn, scores)
            maps.append(values[part] / np.bincount(part)[part])
        return maps


word_methods.add("kernel_shap", KernelShap())
