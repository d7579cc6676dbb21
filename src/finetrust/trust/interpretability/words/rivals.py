"""What an explanation of words has to beat on the same texts: orders that know nothing of the network."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from finetrust.data.texts.text_kind import joined_text
from finetrust.models.text_preprocessing import Text, words_of
from finetrust.trust.interpretability.words.method import Maps
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.draws import uniform

_STREAM = 22


def random_words(texts: Sequence[Worded], seeds: Tensor) -> Maps:
    """Return numbers drawn at random in [0, 1), which depend on the text's seed alone."""
    return [
        uniform(
            torch.empty(1, len(text), dtype=torch.float64), seeds[row : row + 1].cpu(), _STREAM
        )[0].numpy()
        if len(text)
        else np.empty(0)
        for row, text in enumerate(texts)
    ]


def texts_with_word(texts: Iterable[Text]) -> Mapping[str, int]:
    """Return in how many texts each word or punctuation mark stands, whatever its casing."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word.casefold() for word in words_of(joined_text(text))})
    return counts


def rare_words(texts: Sequence[Worded], counts: Mapping[str, int]) -> Maps:
    """Return how rare each word is, less the logarithm of in how many texts it stands.

    What a bag of words would look at first (Sparck Jones, "A Statistical Interpretation of Term
    Specificity", Journal of Documentation 1972); a word in several parts counts as its rarest part.
    """
    return [np.array([_rarity(word, counts) for word in text.words]) for text in texts]


def _rarity(word: str, counts: Mapping[str, int]) -> float:
    parts = [part.casefold() for part in words_of(word)] or [word.casefold()]
    return -float(np.log1p(min(counts.get(part, 0) for part in parts)))
