"""Occlusion of words: by how much the score drops when a word is left out.

Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure",
arXiv:1612.08220, 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.interpretability.words.hidden_words import parts_of
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class Occlusion:
    """One word at a time; of a long text so many neighbours together as leave that many parts.

    Parameters
    ----------
    parts : int
        Passes for a text at most.
    """

    parts: int = 64

    title: ClassVar[str] = "Occlusion"
    reference: ClassVar[str] = (
        "Li, Monroe & Jurafsky, Understanding Neural Networks through Representation Erasure, "
        "arXiv:1612.08220, 2016"
    )
    signed: ClassVar[bool] = True
    effort: ClassVar[EffortName] = "quick"

    def passes(self, words: int) -> tuple[int, int]:
        return min(words, self.parts) + 1, 0

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        """Occlusion asks only for answers: it applies to every network."""

    def promised(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> None:
        """Promise nothing."""

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        of_texts = [parts_of(len(text), self.parts) for text in texts]
        variants, rows = [], []
        for row, (text, part) in enumerate(zip(texts, of_texts, strict=True)):
            keeps = [
                np.ones(len(text), bool),
                *(part != p for p in range(part.max(initial=-1) + 1)),
            ]
            variants += [explained.hide(text, keep) for keep in keeps]
            rows += [row] * len(keeps)
        scores = explained.scores(variants, targets[torch.tensor(rows, dtype=torch.int64)])
        maps, start = [], 0
        for part in of_texts:
            count = int(part.max(initial=-1)) + 1
            whole, without = scores[start], scores[start + 1 : start + 1 + count]
            maps.append((whole - without)[part] / np.bincount(part, minlength=count)[part])
            start += 1 + count
        return maps


word_methods.add("occlusion", Occlusion())
