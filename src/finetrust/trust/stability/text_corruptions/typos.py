"""Typos: one slip of the finger in a word.

Belinkov & Bisk, "Synthetic and Natural Noise Both Break Neural Machine Translation", ICLR 2018,
section 3.2 (swaps, neighbouring keys); Rychalska et al., "Models in the Wild: On Corruption
Robustness of NLP Systems", ICONIP 2019.
"""

from random import Random
from unicodedata import category

from finetrust.trust.stability.text_corruptions.catalogue import text_corruption

FEWEST_LETTERS = 4
"""In shorter words a slip often makes another word ("no", "on")."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """Return the keys beside each key of an English keyboard, each row half a key to the right."""
    keys = {
        key: (row, column + row / 2)
        for row, keys in enumerate(_ROWS)
        for column, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (r, c) in keys.items()
            if other != key and abs(r - row) <= 1 and abs(c - column) <= 1
        )
        for key, (row, column) in keys.items()
    }


NEIGHBOURS = _neighbours()


@text_corruption("typos", shares=(0.1, 0.2, 0.4))
def typos(word: str, random: Random) -> str:
    """Hit a neighbouring key, swap two letters, leave one out, or double one; not the first letter.

    Words of fewer than four letters stay as they are, and so do links, hashtags and names of users.
    """
    letters = [i for i, character in enumerate(word) if category(character).startswith("L")]
    if len(letters) < FEWEST_LETTERS or word[0] in "@#" or "://" in word or word.startswith("www."):
        return word
    slip, at = random.choice((_replaced, _swapped, _dropped, _doubled)), random.choice(letters[1:])
    return slip(word, at, random)


def _replaced(word: str, at: int, random: Random) -> str:
    old = word[at]
    near = NEIGHBOURS.get(old.lower())
    if near is None:
        return _swapped(word, at, random)
    new = random.choice(near)
    return word[:at] + (new.upper() if old.isupper() else new) + word[at + 1 :]


def _swapped(word: str, at: int, random: Random) -> str:
    """Swap a letter with a letter beside it that is another one and not the first of the word."""
    for left in (at - 1, at):
        pair = word[left : left + 2]
        if left > 0 and len(pair) == 2 and pair.isalpha() and pair[0] != pair[1]:
            return word[:left] + pair[1] + pair[0] + word[left + 2 :]
    return _dropped(word, at, random)


def _dropped(word: str, at: int, random: Random) -> str:
    return word[:at] + word[at + 1 :]


def _doubled(word: str, at: int, random: Random) -> str:
    return word[:at] + word[at] + word[at:]
