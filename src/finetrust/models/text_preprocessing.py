"""Preprocessing of texts: a fast tokenizer, windows over long texts, padding to the longest."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Text = str | tuple[str, ...]

TOKENIZER_FILE = "tokenizer.json"

_OVERLAP = 0.25
_TEXTS_AT_ONCE = 1024
_BYTES_REMEMBERED = 256 << 20
_BYTES_BESIDE_TOKENS = 512
_BEYOND_ANY_TEXT, _TOKENS_WHERE_NOTHING_IS_SAID = 1e9, 512
_ON_CPU, _ON_GPU = 32, 256
_WORD_OR_MARK = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_EXAMPLE = "the quick brown fox jumps over the lazy dog and then it sleeps in the warm sun by day"


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as tokens, cut into windows.

    Parameters
    ----------
    windows : tuple of int32 array (2, tokens)
        Token ids and segment ids of each window, special tokens included.
    words : tuple of int32 array (tokens,)
        For each window and token, the word that the token stands for, or -1; no windows where
        features are not of words. The first token of a word stands for it, and of several windows
        that hold it, the one in which it is farthest from the ends.
    n_words : int
    """

    windows: tuple[np.ndarray, ...]
    words: tuple[np.ndarray, ...] = ()
    n_words: int = 0

    @property
    def n_tokens(self) -> int:
        """How many tokens the network computes for it."""
        return sum(window.shape[1] for window in self.windows)


@dataclass(frozen=True, repr=False)
class TextPreprocessing:
    """How a text becomes the input of a network.

    Inputs are a str, a pair (str, str), or words (tuple of str) where `words` is set; a str is then
    cut into words and punctuation marks. Texts longer than `max_length` are cut into windows that
    overlap by a quarter. Of a long pair, a text of up to half a window stays whole beside every
    window of the other; of two longer ones, every window meets every other.

    Parameters
    ----------
    tokenizer_json : str
        The whole tokenizer, as the package tokenizers writes it.
    max_length : int
        Tokens of a window, special ones included.
    pad_id : int
    segments : bool
        Whether the network takes segment ids (``token_type_ids``).
    words : bool
        Whether the network yields a feature for each word, not one for the text.
    """

    tokenizer_json: str
    max_length: int
    pad_id: int = 0
    segments: bool = False
    words: bool = False
    _memory: "_Memory" = field(default_factory=lambda: _Memory(), init=False, compare=False)

    @classmethod
    def of(cls, tokenizer: Any, max_length: int | None = None) -> "TextPreprocessing":
        """Return what a fast tokenizer of the transformers library does.

        Parameters
        ----------
        tokenizer : transformers.PreTrainedTokenizerFast
        max_length : int, optional
            What the network reads at once, if it is less than what the tokenizer says.

        Raises
        ------
        TypeError
            If the tokenizer is a slow one.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise TypeError(f"{type(tokenizer).__name__} is no fast tokenizer")
        said = tokenizer.model_max_length
        known = said if said < _BEYOND_ANY_TEXT else _TOKENS_WHERE_NOTHING_IS_SAID
        return cls(
            tokenizer.backend_tokenizer.to_str(),
            known if max_length is None else min(said, max_length),
            tokenizer.pad_token_id or 0,
            "token_type_ids" in tokenizer.model_input_names,
        )

    def __repr__(self) -> str:
        return f"TextPreprocessing({self.to_dict()})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy what decides the outcome, not what is remembered."""
        given = self.tokenizer_json, self.max_length, self.pad_id, self.segments, self.words
        return TextPreprocessing, given

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the tokenizer."""
        return hashlib.sha256(self.tokenizer_json.encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """The tokenizer, which neither cuts nor pads."""
        from finetrust.models.tokenizer import tokenizer_of

        return tokenizer_of(self.tokenizer_json)

    def overridden(
        self, max_length: int | None = None, words: bool | None = None
    ) -> "TextPreprocessing":
        """Return this preprocessing with what was given.

        Raises
        ------
        UserError
            If `max_length` leaves no room for a text beside the special tokens, or is more than the
            network reads at once.
        """
        if max_length is not None:
            least = self.tokenizer.num_special_tokens_to_add(is_pair=True) + 5
            if not least <= max_length <= self.max_length:
                raise UserError(
                    f"option 'max_length' is {max_length}, and this model reads {least} to "
                    f"{self.max_length} tokens at once",
                    "Change it; longer texts are read in windows.",
                )
        changed = replace(self, max_length=max_length or self.max_length)
        if words:
            from finetrust.models.tokenizer import with_space_before_words

            spaced = with_space_before_words(self.tokenizer_json)
            return replace(changed, words=True, tokenizer_json=spaced)
        return changed

    def transform(self) -> Callable[[Text], Encoded]:
        """Return the function from a text to its tokens; one that was seen is not encoded again."""
        return self._encoded

    def collate(self, prepared: Sequence[Encoded]) -> dict[str, Tensor]:
        """Return encoded texts as one batch, padded to its longest window and most windows.

        Returns
        -------
        dict of Tensor
            ``input_ids``, ``attention_mask`` and, where the network takes them,
            ``token_type_ids``: int64 (n, windows, tokens). With `words` also ``words`` (n, windows,
            tokens), the word that each token stands for or -1, and ``n_words`` (n,).
        """
        n, most = len(prepared), max(len(one.windows) for one in prepared)
        longest = max(window.shape[1] for one in prepared for window in one.windows)
        shape = (n, most, longest)
        ids, mask = np.full(shape, self.pad_id, np.int64), np.zeros(shape, np.int64)
        segments, words = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        for i, one in enumerate(prepared):
            for w, window in enumerate(one.windows):
                length = window.shape[1]
                ids[i, w, :length], segments[i, w, :length] = window
                mask[i, w, :length] = 1
            for w, of_token in enumerate(one.words):
                words[i, w, : len(of_token)] = of_token
        batch = {"input_ids": ids, "attention_mask": mask}
        if self.segments:
            batch["token_type_ids"] = segments
        if self.words:
            batch["words"] = words
            batch["n_words"] = np.array([one.n_words for one in prepared], np.int64)
        return {name: torch.from_numpy(values) for name, values in batch.items()}

    def normaliser(self) -> nn.Module:
        """Return a layer that changes nothing: tokens need no normalisation."""
        return nn.Identity()

    def example(self, n: int) -> dict[str, Tensor]:
        """Return a batch of `n` made-up texts, always the same, of different lengths."""
        words = _EXAMPLE.split()
        texts = [tuple(words[i % 5 :]) for i in range(n)]
        encode = self.transform()
        return self.collate([encode(text if self.words else " ".join(text)) for text in texts])

    def items_at_once(self, on_cpu: bool) -> int:
        """Return how many texts a forward pass without gradients takes."""
        return _ON_CPU if on_cpu else _ON_GPU

    def feature_lengths(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Return the number of words (n,) where features are of words, else None."""
        return inputs["n_words"].cpu() if self.words else None

    def lengths(self, values: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text; their encodings are kept."""
        found: list[int] = []
        for start in range(0, len(values), _TEXTS_AT_ONCE):
            stop = min(start + _TEXTS_AT_ONCE, len(values))
            found += [one.n_tokens for one in self._encoded_at_once(values, range(start, stop))]
        return found

    def pieces(self, text: Text) -> "tuple[Encoding, list[np.ndarray]]":
        """Return all tokens of a text as the tokenizer yields them, and those of each window."""
        encoding = self._encode(self._given(text))
        return encoding, windows_of(encoding.sequence_ids, self.max_length)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write ``tokenizer.json`` to `folder`, and return the rest as JSON values."""
        (folder / TOKENIZER_FILE).write_text(self.tokenizer_json, encoding="utf-8")
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the preprocessing as JSON values, the tokenizer as its SHA-256."""
        return {
            "tokenizer_sha256": self.sha256,
            "max_length": self.max_length,
            "pad_id": self.pad_id,
            "segments": self.segments,
            "words": self.words,
        }

    @classmethod
    def load(cls, values: Mapping[str, Any], folder: Path) -> "TextPreprocessing":
        """Return what :meth:`save` wrote.

        Raises
        ------
        UserError
            If the tokenizer is missing, or another than the model was trained with.
        """
        file = folder / TOKENIZER_FILE
        try:
            written = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"{file}: cannot be read ({error})", "Restore the file, or tune again."
            ) from error
        given = dict(values)
        expected = given.pop("tokenizer_sha256")
        found = cls(written, **given)
        if found.sha256 != expected:
            raise UserError(
                f"{file}: another tokenizer than the model was trained with",
                "Restore the file, or tune again.",
            )
        return found

    def _encoded(self, text: Text) -> Encoded:
        known = self._memory.get(text)
        if known is None:
            given = self._given(text)
            known = self._cut(given, self._encode(given))
            self._memory.keep(text, known)
        return known

    def _encoded_at_once(self, values: Sequence[Text], rows: range) -> list[Encoded]:
        texts = [values[row] for row in rows]
        found = [self._memory.get(text) for text in texts]
        absent = [i for i, one in enumerate(found) if one is None]
        inputs = [self._given(texts[i]) for i in absent]
        encodings = self.tokenizer.encode_batch(inputs, is_pretokenized=self.words)
        for i, given, encoding in zip(absent, inputs, encodings, strict=True):
            found[i] = encoded = self._cut(given, encoding)
            self._memory.keep(texts[i], encoded)
        return [one for one in found if one is not None]

    def _given(self, text: Text) -> Any:
        """Return a text as the tokenizer takes it."""
        return list(words_of(text)) if self.words else text

    def _encode(self, given: Any) -> "Encoding":
        if isinstance(given, tuple):
            return self.tokenizer.encode(*given)
        return self.tokenizer.encode(given, is_pretokenized=self.words)

    def _cut(self, given: Any, encoding: "Encoding") -> Encoded:
        tokens = np.array([encoding.ids, encoding.type_ids], np.int32)
        if tokens.shape[1] <= self.max_length:
            windows = [np.arange(tokens.shape[1])]
        else:
            windows = windows_of(encoding.sequence_ids, self.max_length)
        cut = tuple(tokens[:, window] for window in windows)
        if not self.words:
            return Encoded(cut)
        of_token = np.array([-1 if w is None else w for w in encoding.word_ids], np.int32)
        return Encoded(cut, standing_for_words(of_token, windows), len(given))


def words_of(text: Text) -> tuple[str, ...]:
    """Return the words of a text: as they were given, or its words and punctuation marks."""
    return tuple(_WORD_OR_MARK.findall(text)) if isinstance(text, str) else text


def windows_of(sequences: Sequence[int | None], max_length: int) -> list[np.ndarray]:
    """Return the positions of the tokens of each window; every one has all special tokens.

    Parameters
    ----------
    sequences : sequence of int or None (tokens,)
        Which text each token belongs to, 0 or 1; None for special tokens.
    max_length : int
        Tokens of a window.
    """
    of_token = np.array([-1 if s is None else s for s in sequences])
    if len(of_token) <= max_length:
        return [np.arange(len(of_token))]
    special, first, second = (np.flatnonzero(of_token == s) for s in (-1, 0, 1))
    room = max_length - len(special)
    short = min(len(first), len(second))
    beside = short if short <= room // 2 else room // 2
    rooms = [room - beside, beside] if len(first) >= len(second) else [beside, room - beside]
    return [
        np.sort(np.concatenate([special, a, b]))
        for a in _slid(first, rooms[0])
        for b in _slid(second, rooms[1])
    ]


def standing_for_words(
    of_token: np.ndarray, windows: Sequence[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Return the word that each token of each window stands for, or -1.

    Parameters
    ----------
    of_token : int array (tokens,)
        The word that each token of the whole text is part of; -1 for special tokens.
    windows : sequence of int array
        Positions of the tokens of each window.

    Returns
    -------
    tuple of int32 array
        As long as the windows. Every word with a token stands in exactly one place.
    """
    is_first = (of_token >= 0) & (np.diff(of_token, prepend=-1) != 0)
    best: dict[int, tuple[int, int, int]] = {}
    for number, window in enumerate(windows):
        for place in np.flatnonzero(is_first[window]).tolist():
            depth = min(place, len(window) - 1 - place)
            word = int(of_token[window[place]])
            if word not in best or depth > best[word][0]:
                best[word] = depth, number, place
    standing = tuple(np.full(len(window), -1, np.int32) for window in windows)
    for word, (_, number, place) in best.items():
        standing[number][place] = word
    return standing


def _slid(tokens: np.ndarray, room: int) -> list[np.ndarray]:
    """Return overlapping parts of `tokens`, each of `room`, the last one at the end."""
    if len(tokens) <= room:
        return [tokens]
    step = room - int(_OVERLAP * room)
    starts = [*range(0, len(tokens) - room, step), len(tokens) - room]
    return [tokens[start : start + room] for start in starts]


class _Memory:
    """Texts that were encoded, as long as there is room."""

    def __init__(self) -> None:
        self._known: dict[Text, Encoded] = {}
        self._room = _BYTES_REMEMBERED

    def get(self, text: Text) -> Encoded | None:
        return self._known.get(text)

    def keep(self, text: Text, encoded: Encoded) -> None:
        size = _BYTES_BESIDE_TOKENS + 12 * encoded.n_tokens
        if size <= self._room:
            self._room -= size
            self._known[text] = encoded
