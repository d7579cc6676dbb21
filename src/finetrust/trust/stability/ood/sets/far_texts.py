"""Texts that are quite unlike any: random letters, and the letters of another script."""

import string

import numpy as np

from finetrust.data.dataset import Dataset, Inputs
from finetrust.data.texts.text_kind import Text, joined_text
from finetrust.trust.stability.ood.made import MadeSet, made_sets
from finetrust.trust.stability.ood.sets.characters import each_part

_CYRILLIC = 0x0430
_TRIED = 20


def random_letters(familiar: Inputs, index: int, rng: np.random.Generator) -> Text:
    """Return the text with a random Latin letter in the place of every letter and digit."""
    return each_part(familiar[index], lambda text: _randomised(text, rng))


def cyrillic(familiar: Inputs, index: int, rng: np.random.Generator) -> Text:
    """Return the text with a Cyrillic letter in the place of every Latin one, always the same."""
    return each_part(familiar[index], lambda text: text.lower().translate(_TO_CYRILLIC))


def without_latin(familiar: Dataset) -> str:
    """Return why a change of script changes nothing in these texts; empty if it does."""
    some = [joined_text(familiar.inputs[i]) for i in range(min(len(familiar), _TRIED))]
    letters = [c for text in some for c in text.lower() if c.isalpha()]
    latin = sum(c in string.ascii_lowercase for c in letters)
    return "the texts are not in Latin letters" if 2 * latin < len(letters) + 1 else ""


def _randomised(text: str, rng: np.random.Generator) -> str:
    letters = rng.integers(len(string.ascii_lowercase), size=len(text))
    return "".join(
        string.ascii_lowercase[letter] if c.isalnum() else c
        for c, letter in zip(text, letters, strict=True)
    )


_TO_CYRILLIC = {
    ord(letter): chr(_CYRILLIC + place) for place, letter in enumerate(string.ascii_lowercase)
}

made_sets.add("random_letters", MadeSet("text", "far", random_letters))
made_sets.add("cyrillic", MadeSet("text", "far", cyrillic, without_latin))
