"""A text as the words that are explained, and the tokens that the network reads of each."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from finetrust.models.text_preprocessing import Text, TextPreprocessing, windows_of, words_of

if TYPE_CHECKING:
    from tokenizers import Encoding

_LONGEST_WORD = 30


@dataclass(frozen=True, eq=False)
class Worded:
    """A text, its words, and the tokens of each.

    Parameters
    ----------
    text : str, pair of str, or words
    pieces : tuple of str
        Words and punctuation marks with the white space before them: joined, they are the text. That
        between the texts of a pair is a line break, which is no word.
    places : tuple of int (k,)
        Where among the pieces the words are.
    tokens : tuple of int64 array (k,)
        Which tokens of the whole text each word has; a word that the tokenizer drops has none.
    ids, segments : int32 array (all tokens,)
        Of the whole text, special tokens included.
    sequences : tuple of int or None (all tokens,)
        Which of the texts each token belongs to; None for special tokens.
    windows : tuple of int64 array
        The tokens that the network reads at once.
    """

    text: Text
    pieces: tuple[str, ...]
    places: tuple[int, ...]
    tokens: tuple[np.ndarray, ...]
    ids: np.ndarray
    segments: np.ndarray
    sequences: tuple[int | None, ...]
    windows: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, without white space."""
        return tuple(self.pieces[place].strip() for place in self.places)

    def summed(self, of_token: np.ndarray) -> np.ndarray:
        """Return the sum over the tokens of each word: float64 (k,) of a float array (all tokens,)."""
        return np.array([of_token[tokens].sum() for tokens in self.tokens], np.float64)


def worded(preprocessing: TextPreprocessing, text: Text) -> Worded:
    """Return the words of a text as the tokenizer finds them, or as they were given one by one.

    In scripts without spaces each token of a very long word is a word of its own.
    """
    encoding, _ = preprocessing.pieces(text)
    find = _given if preprocessing.words else _found
    pieces, places, tokens = find(encoding, text)
    sequences = tuple(encoding.sequence_ids)
    return Worded(
        text,
        tuple(pieces),
        tuple(places),
        tuple(np.array(one, np.int64) for one in tokens),
        np.array(encoding.ids, np.int32),
        np.array(encoding.type_ids, np.int32),
        sequences,
        tuple(windows_of(sequences, preprocessing.max_length)),
    )


_Words = tuple[list[str], list[int], list[list[int]]]


def _given(encoding: "Encoding", text: Text) -> _Words:
    """Return pieces, places and tokens of words that were given one by one."""
    words = words_of(text)
    tokens: list[list[int]] = [[] for _ in words]
    for token, word in enumerate(encoding.word_ids):
        if word is not None:
            tokens[word].append(token)
    pieces = [f" {word}" if i else word for i, word in enumerate(words)]
    return pieces, list(range(len(words))), tokens


def _found(encoding: "Encoding", text: Text) -> _Words:
    """Return pieces, places and tokens of the words of a text or of a pair."""
    pieces: list[str] = []
    places: list[int] = []
    found: list[list[int]] = []
    for sequence, whole in enumerate((text,) if isinstance(text, str) else text):
        if sequence:
            pieces.append("\n")
        start = 0
        for tokens in _tokens_of_words(encoding, sequence):
            end = max(encoding.offsets[i][1] for i in tokens)
            places.append(len(pieces))
            pieces.append(whole[start:end])
            found.append(tokens)
            start = max(start, end)
        if start < len(whole) and pieces:
            pieces[-1] += whole[start:]
    return pieces, places, found


def _tokens_of_words(encoding: "Encoding", sequence: int) -> list[list[int]]:
    tokens = [i for i, s in enumerate(encoding.sequence_ids) if s == sequence]
    found: list[list[int]] = []
    for _, group in groupby(tokens, key=lambda i: encoding.word_ids[i]):
        word = list(group)
        length = encoding.offsets[word[-1]][1] - encoding.offsets[word[0]][0]
        found += [word] if length <= _LONGEST_WORD else [[token] for token in word]
    return found
