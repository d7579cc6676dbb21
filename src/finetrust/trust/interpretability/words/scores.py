"""What a network says about many variants of many texts: those of like length in one pass."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from finetrust.models.text_preprocessing import Encoded, TextPreprocessing
from finetrust.models.tree import to_device

Score = Callable[[Tensor, Tensor], Tensor]
"""From outputs (m, ...) and targets (m, ...) to what is explained (m,)."""


def log_odds_of_class(logits: Tensor, targets: Tensor) -> Tensor:
    """Return ``log p / (1 - p)`` of each item's class.

    Parameters
    ----------
    logits : float tensor (m, classes)
    targets : int64 tensor (m,)

    Returns
    -------
    float tensor (m,)
    """
    index = targets[:, None]
    others = logits.scatter(1, index, -torch.inf)
    return logits.gather(1, index)[:, 0] - others.logsumexp(dim=1)


def log_odds_of_tag(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return ``log p / (1 - p)`` of a tag of one word of each item.

    Parameters
    ----------
    outputs : float tensor (m, words, tags)
    targets : int64 tensor (m, 2)
        Word and tag.

    Returns
    -------
    float tensor (m,)
    """
    rows = torch.arange(len(outputs), device=outputs.device)
    return log_odds_of_class(outputs[rows, targets[:, 0]], targets[:, 1])


def parts_of_like_length(
    lengths: Sequence[int], at_once: int, tokens: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the rows of each pass, int64 arrays, the shortest items first.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each item.
    at_once : int
        Items in a pass at most.
    tokens : int, optional
        Tokens in a pass at most, padding included; an item that is longer comes alone.
    """
    order = np.argsort(np.asarray(lengths), kind="stable")
    part: list[int] = []
    for row in order.tolist():
        too_long = tokens is not None and (len(part) + 1) * lengths[row] > tokens
        if part and (len(part) == at_once or too_long):
            yield np.array(part)
            part = []
        part.append(row)
    if part:
        yield np.array(part)


def outputs_of(
    network: Callable[[dict[str, Tensor]], Tensor],
    preprocessing: TextPreprocessing,
    device: torch.device,
    encoded: Sequence[Encoded],
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Yield rows of `encoded` and their outputs, until all were given; without gradients.

    Parameters
    ----------
    network : callable
        From a batch to outputs (m, ...).
    preprocessing : TextPreprocessing
    device : torch.device
        Of the network.
    encoded : sequence of Encoded
    """
    at_once = preprocessing.items_at_once(device.type == "cpu")
    for part in parts_of_like_length([one.n_tokens for one in encoded], at_once):
        batch = to_device(preprocessing.collate([encoded[i] for i in part]), device)
        with torch.no_grad():
            yield part, network(batch)
