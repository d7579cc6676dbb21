"""What the removal of runs of words does to a score: what infidelity compares explanations with.

Yeh et al., "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019, arXiv:1901.09392,
definition 2.1, with runs of words in the place of squares.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from finetrust.models.text_preprocessing import Encoded
from finetrust.trust.interpretability.faithfulness.infidelity import SquareRemovals, infidelity
from finetrust.trust.interpretability.words.hidden_words import Hide
from finetrust.trust.interpretability.words.method import Maps
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.draws import uniform

SPANS = 24
_LENGTHS, _STARTS = 14, 15

ScoreOf = Callable[[Sequence[Encoded], np.ndarray], np.ndarray]
"""From variants of texts and the row of each text, int64 (m,), to the score of its answer (m,)."""


def span_removals(
    score_of: ScoreOf, hide: Hide, texts: Sequence[Worded], seeds: Tensor
) -> list[SquareRemovals]:
    """Return how far the score falls as runs of 1 to half of the words are hidden, for each text.

    The texts are maps one place high: a run is a rectangle of one row.

    Parameters
    ----------
    score_of : callable
    hide : callable
        How words are hidden.
    texts : sequence of Worded (n)
    seeds : int64 tensor (n,)
        The runs of a text depend on its seed alone.
    """
    spans = [_spans(len(text), seeds[row : row + 1].cpu()) for row, text in enumerate(texts)]
    variants, rows = [], []
    for row, (text, of_text) in enumerate(zip(texts, spans, strict=True)):
        place = np.arange(len(text))
        keeps = [np.ones(len(text), bool)]
        keeps += [(place < start) | (place >= stop) for start, stop in of_text.tolist()]
        variants += [hide(text, keep) for keep in keeps]
        rows += [row] * len(keeps)
    scores = torch.from_numpy(score_of(variants, np.array(rows, np.int64)))
    found, first = [], 0
    for of_text in spans:
        own = scores[first : first + 1 + len(of_text)]
        start, stop = of_text.unbind(1)
        rectangles = torch.stack([torch.zeros_like(start), start, torch.ones_like(stop), stop], 1)
        found.append(SquareRemovals(rectangles[None], (own[0] - own[1:])[None]))
        first += len(own)
    return found


def infidelities(removals: Sequence[SquareRemovals], maps: Maps) -> np.ndarray:
    """Return the share of the squared drops that each explanation does not foretell: float64 (n,)."""
    return np.array(
        [
            float(infidelity(of_text, torch.from_numpy(of_words).view(1, 1, -1)))
            if len(of_words)
            else np.nan
            for of_text, of_words in zip(removals, maps, strict=True)
        ]
    )


def _spans(words: int, seed: Tensor) -> Tensor:
    """Return where runs start and stop: int64 (SPANS, 2); none of a text without words."""
    if not words:
        return torch.empty(0, 2, dtype=torch.int64)
    like = torch.empty(1, SPANS, dtype=torch.float64)
    length = 1 + (uniform(like, seed, _LENGTHS)[0] * max(1, words // 2)).long()
    start = (uniform(like, seed, _STARTS)[0] * (words - length + 1)).long()
    return torch.stack([start, start + length], dim=1)
