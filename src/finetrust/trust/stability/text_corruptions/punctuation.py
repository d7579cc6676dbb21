"""Punctuation: marks put in, left out or taken for others.

Karimi et al., "AEDA: An Easier Data Augmentation Technique for Text Classification", Findings of
EMNLP 2021, arXiv:2108.13230, which inserts these six marks and finds that labels stay.
"""

from random import Random
from unicodedata import category

from finetrust.trust.stability.text_corruptions.catalogue import text_corruption

MARKS = ".;?:!,"


@text_corruption("punctuation", shares=(0.1, 0.2, 0.4))
def punctuation(word: str, random: Random) -> str:
    """Take away a mark of a word or put another in its place; without one, add one at the end.

    A word that is only marks has one of them replaced. Links, hashtags and names of users keep
    their own marks.
    """
    marks = [i for i, character in enumerate(word) if category(character).startswith("P")]
    if not marks or word[0] in "@#" or "://" in word:
        return word + random.choice(MARKS)
    at = random.choice(marks)
    others = [mark for mark in MARKS if mark != word[at]]
    leave_out = len(marks) < len(word) and random.random() < 0.5
    return word[:at] + ("" if leave_out else random.choice(others)) + word[at + 1 :]
