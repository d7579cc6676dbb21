"""Texts made from familiar ones, by which a score is chosen before it meets anything unfamiliar.

Jigsaw and blend of images (Hendrycks, Mazeika & Dietterich 2019), with letters for tiles.
"""

import numpy as np

from finetrust.data.dataset import Inputs
from finetrust.data.texts.text_kind import Text
from finetrust.trust.stability.ood.made import MadeSet, made_sets
from finetrust.trust.stability.ood.sets.characters import each_part


def shuffled_letters(familiar: Inputs, index: int, rng: np.random.Generator) -> Text:
    """Return the text with the letters of each word in random order."""

    def shuffled(text: str) -> str:
        return " ".join("".join(rng.permutation(list(word))) for word in text.split())

    return each_part(familiar[index], shuffled)


def spliced(familiar: Inputs, index: int, rng: np.random.Generator) -> Text:
    """Return every other word of the text, and between them the words of another one."""
    other = familiar[(index + int(rng.integers(1, max(2, len(familiar))))) % len(familiar)]
    words = (other if isinstance(other, str) else " ".join(other)).split()

    def mixed(text: str) -> str:
        own = text.split()
        return " ".join(
            words[place % len(words)] if place % 2 and words else word
            for place, word in enumerate(own)
        )

    return each_part(familiar[index], mixed)


made_sets.add("shuffled_letters", MadeSet("text", "choice", shuffled_letters))
made_sets.add("spliced", MadeSet("text", "choice", spliced))
