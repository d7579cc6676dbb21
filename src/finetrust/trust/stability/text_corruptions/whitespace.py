"""Whitespace: words torn in two, and words run together.

Rychalska et al., "Models in the Wild", ICONIP 2019 (random spaces); Wang et al., "TextFlint", ACL 2021.
"""

from random import Random
from unicodedata import combining

from finetrust.trust.stability.text_corruptions.catalogue import text_corruption

FEWEST_LETTERS = 4


@text_corruption("whitespace", shares=(0.05, 0.1, 0.2), joins=True)
def whitespace(word: str, random: Random) -> str:
    """Put a space between two letters of a word of four letters and more.

    Half of the words of a text lose the space before them instead; in a text that is given as words,
    each keeps to itself.
    """
    places = [
        i
        for i in range(1, len(word))
        if word[i - 1].isalpha() and word[i].isalpha() and not combining(word[i])
    ]
    if len(places) < FEWEST_LETTERS - 1:
        return word
    at = random.choice(places)
    return f"{word[:at]} {word[at:]}"
