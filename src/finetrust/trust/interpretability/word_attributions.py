"""What each word of a text speaks for: Integrated Gradients on the embeddings of its tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from finetrust.models.network import Network
from finetrust.models.text_preprocessing import TextPreprocessing, words_of
from finetrust.models.tree import to_device
from finetrust.trust.interpretability.integrated_gradients import integrated_gradients

if TYPE_CHECKING:
    from tokenizers import Encoding

STEPS = 50
_LONGEST_WORD = 30


@dataclass(frozen=True)
class WordAttributions:
    """How much each piece of a text adds to a score.

    Parameters
    ----------
    pieces : tuple of str (k,)
        Words and punctuation marks with the white space before them: joined, they are the text.
    weights : float array (k,)
        They add up to the difference between the score of the text and that of a text of padding.
    error : float
        By how much they miss it, as a share of the difference.
    """

    pieces: tuple[str, ...]
    weights: np.ndarray
    error: float

    def tokens(self) -> list[list[Any]]:
        """Return pairs of piece and weight, the largest weight scaled to 1 or -1."""
        largest = float(np.abs(self.weights).max(initial=0.0)) or 1.0
        return [
            [piece, float(weight / largest)]
            for piece, weight in zip(self.pieces, self.weights, strict=True)
        ]


def word_attributions(
    network: Network,
    text: str | tuple[str, ...],
    score: Callable[[Tensor], Tensor],
    steps: int = STEPS,
) -> WordAttributions:
    """Return what the words of a text add to a score of the network's outputs.

    The baseline is the same text with every token but the special ones replaced by padding. The
    attributions of the tokens of a word, and of the windows that hold it, are added up.

    Parameters
    ----------
    network : Network
        On texts, in evaluation mode.
    text : str, pair of str, or words
    score : callable
        Maps outputs (m, ...) to scores (m,).
    steps : int
    """
    preprocessing = network.preprocessing
    assert isinstance(preprocessing, TextPreprocessing)
    encoding, windows = preprocessing.pieces(text)
    batch = to_device(preprocessing.collate([preprocessing.transform()(text)]), network.device)
    embed = network.backbone.encoder.get_input_embeddings()  # type: ignore[union-attr,operator]
    special = np.array(encoding.special_tokens_mask, bool)
    ids = batch["input_ids"][0]
    plain = ids.clone()
    for row, window in enumerate(windows):
        replaced = torch.from_numpy(np.flatnonzero(~special[window])).to(plain.device)
        plain[row, replaced] = preprocessing.pad_id
    with torch.no_grad():
        value, baseline = embed(ids), embed(plain)
    others = {name: tensor for name, tensor in batch.items() if name != "input_ids"}

    def of_embeddings(points: Tensor) -> Tensor:
        repeated = {name: t.expand(len(points), *t.shape[1:]) for name, t in others.items()}
        return score(network({"inputs_embeds": points, **repeated}))

    attributions, missed = integrated_gradients(of_embeddings, value, baseline, steps)
    of_token = np.zeros(len(encoding))
    summed = attributions.sum(dim=-1).cpu().numpy()
    for row, window in enumerate(windows):
        of_token[window] += summed[row, : len(window)]
    difference = float(attributions.sum()) - missed
    if preprocessing.words:
        pieces, weights = _of_given_words(encoding, of_token, words_of(text))
    else:
        texts = (text,) if isinstance(text, str) else text
        pieces, weights = _of_texts(encoding, of_token, texts)
    return WordAttributions(pieces, weights, abs(missed) / max(abs(difference), 1e-6))


def log_odds(logits: Tensor, index: int) -> Tensor:
    """Return ``log p / (1 - p)`` of the class at `index`: (m,) of logits (m, classes)."""
    others = torch.cat([logits[:, :index], logits[:, index + 1 :]], dim=1)
    return logits[:, index] - others.logsumexp(dim=1)


def _of_given_words(
    encoding: "Encoding", of_token: np.ndarray, words: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return words that were given one by one, and the sums over their tokens."""
    weights = np.zeros(len(words))
    for token, word in enumerate(encoding.word_ids):
        if word is not None:
            weights[word] += of_token[token]
    return tuple(f" {word}" if i else word for i, word in enumerate(words)), weights


def _of_texts(
    encoding: "Encoding", of_token: np.ndarray, texts: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the words of a text or of a pair, as the tokenizer finds them, and their sums."""
    pieces: list[str] = []
    weights: list[float] = []
    for sequence, whole in enumerate(texts):
        if sequence:
            pieces.append("\n")
            weights.append(0.0)
        start = 0
        for tokens in _words(encoding, sequence):
            end = max(encoding.offsets[i][1] for i in tokens)
            pieces.append(whole[start:end])
            weights.append(float(of_token[tokens].sum()))
            start = max(start, end)
        if start < len(whole) and pieces:
            pieces[-1] += whole[start:]
    return tuple(pieces), np.array(weights)


def _words(encoding: "Encoding", sequence: int) -> list[list[int]]:
    """Return the tokens of each word; those of a very long one, in scripts without spaces, alone."""
    tokens = [i for i, s in enumerate(encoding.sequence_ids) if s == sequence]
    found: list[list[int]] = []
    for _, group in groupby(tokens, key=lambda i: encoding.word_ids[i]):
        word = list(group)
        length = encoding.offsets[word[-1]][1] - encoding.offsets[word[0]][0]
        found += [word] if length <= _LONGEST_WORD else [[token] for token in word]
    return found
