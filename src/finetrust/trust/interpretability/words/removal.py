"""What becomes of an answer as the words that an explanation names are hidden, or alone are left.

DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", ACL 2020; the areas under the
curves as in Petsiuk, Das & Saenko, "RISE", BMVC 2018.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from finetrust.models.text_preprocessing import Encoded
from finetrust.trust.interpretability.faithfulness.removal import (
    RATIONALES,
    RemovalCurve,
    comprehensiveness,
    order_of,
    sufficiency,
)
from finetrust.trust.interpretability.words.hidden_words import Hide
from finetrust.trust.interpretability.words.method import Maps
from finetrust.trust.interpretability.words.worded import Worded

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
FIGURES = ("insertion", "deletion", "comprehensiveness", "sufficiency")

ProbabilityOf = Callable[[Sequence[Encoded], np.ndarray], np.ndarray]
"""From variants of texts and the row of each text, int64 (m,), to the probability of its answer (m,)."""


@dataclass(frozen=True, eq=False)
class WordCurves:
    """How the answer about one text fades, and comes up.

    Parameters
    ----------
    words : int
    deletion, insertion : RemovalCurve
        Of one item; fractions are numbers of words over all words.
    """

    words: int
    deletion: RemovalCurve
    insertion: RemovalCurve

    def figures(self) -> dict[str, float]:
        """Return areas, and where the curves hold every rationale, comprehensiveness and sufficiency."""
        found = {"insertion": self.insertion.area(), "deletion": self.deletion.area()}
        sizes = [count / self.words for count in rationale_sizes(self.words)]
        if set(sizes) <= set(self.deletion.fractions):
            found["comprehensiveness"] = comprehensiveness(self.deletion, sizes)
            found["sufficiency"] = sufficiency(self.insertion, sizes)
        return {name: float(value) for name, value in found.items()}


def rationale_sizes(words: int) -> list[int]:
    """Return how many words the rationales of a text have: its shares, rounded up, so that none is empty.

    The shares are those of DeYoung et al. (2020): 1, 5, 10, 20 and 50 % of the words.
    """
    return [math.ceil(share * words - 1e-9) for share in RATIONALES]


def word_curves(
    probability_of: ProbabilityOf,
    hide: Hide,
    texts: Sequence[Worded],
    maps: Sequence[Maps],
    seeds: Tensor,
    fractions: Sequence[float] = FRACTIONS,
    rationales: bool = True,
) -> list[list[WordCurves | None]]:
    """Return the curves of several explanations of the same texts; each variant is read once.

    Parameters
    ----------
    probability_of : callable
    hide : callable
        How words are hidden.
    texts : sequence of Worded (n)
    maps : sequence of m explanations
        One float array (words,) for each text. Only the order counts; between equal words the text's
        seed decides.
    seeds : int64 tensor (n,)
    fractions : sequence of float
        Shares of the words, ascending from 0 to 1; each is rounded to whole words.
    rationales : bool
        Whether the curves also hold the sizes of the rationales.

    Returns
    -------
    list of m lists (n)
        None for a text without words, or with an explanation that is not finite.
    """
    wanted: dict[tuple[int, bytes], int] = {}
    variants: list[Encoded] = []

    def variant(row: int, keep: np.ndarray) -> int:
        key = row, keep.tobytes()
        if key not in wanted:
            wanted[key] = len(variants)
            variants.append(hide(texts[row], keep))
        return wanted[key]

    plans: list[list[tuple[list[int], list[int], list[int]] | None]] = []
    for of_texts in maps:
        plans.append([])
        for row, (text, of_words) in enumerate(zip(texts, of_texts, strict=True)):
            if not len(text) or not np.isfinite(of_words).all():
                plans[-1].append(None)
                continue
            counts = _counts(len(text), fractions, rationales)
            ranks = _ranks(of_words, seeds[row : row + 1])
            named = [ranks < count for count in counts]
            plans[-1].append(
                (counts, [variant(row, ~top) for top in named], [variant(row, t) for t in named])
            )
    rows = np.array([row for row, _ in wanted], np.int64)
    found = torch.from_numpy(probability_of(variants, rows) if variants else np.empty(0))
    return [
        [
            None
            if plan is None
            else WordCurves(
                len(text), _curve(found, text, *plan[:2]), _curve(found, text, *plan[::2])
            )
            for text, plan in zip(texts, of_map, strict=True)
        ]
        for of_map in plans
    ]


def n_variants(words: int, maps: int, fractions: Sequence[float], rationales: bool = True) -> int:
    """Return how many variants of a text with so many words are read at most."""
    return 2 + 2 * maps * (len(_counts(words, fractions, rationales)) - 2) if words else 0


def _counts(words: int, fractions: Sequence[float], rationales: bool) -> list[int]:
    sizes = rationale_sizes(words) if rationales else []
    return sorted({round(fraction * words) for fraction in fractions} | set(sizes))


def _ranks(of_words: np.ndarray, seed: Tensor) -> np.ndarray:
    order = order_of(torch.from_numpy(of_words).view(1, 1, -1), seed.cpu())[0].numpy()
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks


def _curve(found: Tensor, text: Worded, counts: list[int], at: list[int]) -> RemovalCurve:
    fractions = tuple(count / len(text) for count in counts)
    probability = found[at][None]
    return RemovalCurve(fractions, probability, torch.zeros_like(probability, dtype=torch.bool))
