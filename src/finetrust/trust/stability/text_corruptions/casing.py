"""Casing: words in capitals, in small letters, or with the first letter the other way.

Wang et al., "TextFlint", ACL 2021 (SwapCase, Case); Bodapati et al., "Robustness to Capitalization
Errors in Named Entity Recognition", W-NUT 2019, arXiv:1911.05241.
"""

from random import Random

from finetrust.trust.stability.text_corruptions.catalogue import text_corruption


@text_corruption("casing", shares=(0.2, 0.5, 1.0))
def casing(word: str, random: Random) -> str:
    """Write a word in one of the other ways in which it can be written."""
    other = word[0].swapcase() + word[1:]
    ways = [way for way in dict.fromkeys((word.lower(), word.upper(), other)) if way != word]
    return random.choice(ways) if ways else word
