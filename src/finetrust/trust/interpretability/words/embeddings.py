"""Texts as embeddings of their tokens, which gradients are taken by."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.models.tree import to_device
from finetrust.trust.interpretability.spatial_layer import evaluating
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps
from finetrust.trust.interpretability.words.scores import log_odds_of_class, parts_of_like_length
from finetrust.trust.interpretability.words.worded import Worded

_ON_CPU, _ON_GPU = 1 << 11, 1 << 15
"""Tokens in a pass with gradients: more of them leave the cache of a core."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Some texts as embeddings.

    Parameters
    ----------
    rows : int64 array (n,)
        Which texts.
    texts : tuple of Worded (n)
    value : float tensor (n, windows, tokens, d)
    baseline : float tensor (n, windows, tokens, d)
        The same texts with every token but the special ones replaced by padding.
    score : callable
        From embeddings (m, n, windows, tokens, d) to scores (m, n), each of its own text alone.
    """

    rows: np.ndarray
    texts: tuple[Worded, ...]
    value: Tensor
    baseline: Tensor
    score: Callable[[Tensor], Tensor]

    def of_words(self, of_tokens: Tensor) -> Maps:
        """Return sums over the tokens of each word, in all windows that hold it.

        Parameters
        ----------
        of_tokens : float tensor (n, windows, tokens)
        """
        values = of_tokens.detach().double().cpu().numpy()
        return [of_words(text, values[i]) for i, text in enumerate(self.texts)]


def of_words(text: Worded, values: np.ndarray) -> np.ndarray:
    """Return the sums for each word: float64 (words,) of values (windows, tokens) of a text."""
    of_token = np.zeros(len(text.ids))
    for row, window in enumerate(text.windows):
        of_token[window] += values[row, : len(window)]
    return text.summed(of_token)


def embedded(
    explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor, copies: int = 1
) -> Iterator[Embedded]:
    """Yield texts of like length as embeddings, until all were given.

    Within the loop gradients can be taken, and the network is in evaluation mode.

    Parameters
    ----------
    explained : ExplainedTexts
    texts : sequence of Worded (n)
    targets : int64 tensor (n, ...)
    copies : int
        How many points of each text are scored at once: of more, fewer texts come together.
    """
    preprocessing, network = explained.preprocessing, explained.network
    encode, device = preprocessing.transform(), network.device
    embed = explained.encoder.get_input_embeddings()
    encoded = [encode(text.text) for text in texts]
    lengths = [one.n_tokens for one in encoded]
    tokens = (_ON_CPU if device.type == "cpu" else _ON_GPU) // copies
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        for rows in parts_of_like_length(lengths, len(texts), tokens):
            part = tuple(texts[row] for row in rows)
            batch = to_device(preprocessing.collate([encoded[row] for row in rows]), device)
            ids = batch["input_ids"]
            with torch.no_grad():
                value, baseline = embed(ids), embed(_padded(part, ids, preprocessing.pad_id))
            yield Embedded(
                rows,
                part,
                value,
                baseline,
                _scoring(explained, batch, targets[torch.from_numpy(rows)].to(device)),
            )


def gradients(points: Tensor, score: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the gradient of each text's score by its embeddings: (n, windows, tokens, d)."""
    points = points.detach().clone().requires_grad_(True)
    (found,) = torch.autograd.grad(score(points[None]).sum(), points)
    return found


def need_embeddings(explained: ExplainedTexts, example: Worded) -> None:
    """Raise NotApplicable if the score has no gradient by the embeddings of the tokens."""
    name = type(explained.encoder).__name__
    if not hasattr(explained.encoder, "get_input_embeddings"):
        raise NotApplicable(f"{name} does not say how it embeds tokens")
    shape = (1,) if explained.score is log_odds_of_class else (1, 2)
    try:
        for part in embedded(explained, [example], torch.zeros(shape, dtype=torch.int64)):
            gradients(part.value, part.score)
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise NotApplicable(f"{name} does not read embeddings ({error})") from error


def _padded(texts: Sequence[Worded], ids: Tensor, pad_id: int) -> Tensor:
    plain = ids.clone()
    for i, text in enumerate(texts):
        special = np.array([sequence is None for sequence in text.sequences])
        for row, window in enumerate(text.windows):
            replaced = torch.from_numpy(np.flatnonzero(~special[window])).to(plain.device)
            plain[i, row, replaced] = pad_id
    return plain


def _scoring(
    explained: ExplainedTexts, batch: dict[str, Tensor], targets: Tensor
) -> Callable[[Tensor], Tensor]:
    others = {name: tensor for name, tensor in batch.items() if name != "input_ids"}

    def score(points: Tensor) -> Tensor:
        m, n = points.shape[:2]
        repeated = {name: t.repeat(m, *[1] * (t.ndim - 1)) for name, t in others.items()}
        outputs = explained.network({"inputs_embeds": points.flatten(0, 1), **repeated})
        return explained.score(outputs, targets.repeat(m, *[1] * (targets.ndim - 1))).view(m, n)

    return score
