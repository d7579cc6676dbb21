"""Randomized smoothing: what a network says about noisy copies, and a radius without any attack.

Cohen, Rosenfeld & Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019:
theorem 1, and the functions SampleUnderNoise, Predict and Certify of section 3.2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import betaincinv, ndtri
from scipy.stats import binom
from torch import Tensor

from finetrust.trust.stability.smoothing.gaussian import gaussian

ABSTAINED = -1
ALPHA = 0.001


@dataclass(frozen=True, eq=False)
class Certified:
    """What smoothing says about each of n items.

    Parameters
    ----------
    answer : int64 array (n,)
        Of Predict; ``ABSTAINED`` where the most frequent class is not clear.
    certified : int64 array (n,)
        Of Certify; ``ABSTAINED`` where no radius can be stated.
    radius : float64 array (n,)
        Within this Euclidean distance the smoothed network answers `certified`; 0 where it abstains.
        Wrong for an item with a probability of at most alpha.
    votes : int64 array (n,)
        Copies, of those that the radius rests on, that were answered with the class guessed before.
    """

    answer: np.ndarray
    certified: np.ndarray
    radius: np.ndarray
    votes: np.ndarray


def sample_under_noise(
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    seeds: Tensor,
    sigma: float,
    copies: range,
    classes: int,
    at_once: int,
) -> np.ndarray:
    """Return how many noisy copies of each image are answered with each class.

    Parameters
    ----------
    logits_of : callable
        Pixels (m, 3, h, w) to logits (m, classes); NaN or infinity counts as no class.
    images : float tensor (n, 3, h, w)
    seeds : int64 tensor (n,)
    sigma : float
        Standard deviation of the noise on every colour value, of which the range is 0 to 1. What
        leaves that range is not cut off, as the theorem wants it.
    copies : range
        Their numbers; another number is another noise.
    classes : int
    at_once : int
        Copies in one pass of the network.

    Returns
    -------
    int64 array (n, classes)
    """
    n = len(images)
    counts = torch.zeros(n, classes + 1, dtype=torch.int64, device=images.device)
    total = n * len(copies)
    for start in range(0, total, at_once):
        place = torch.arange(start, min(start + at_once, total), device=images.device)
        item = place // len(copies)
        copy = copies.start + place % len(copies)
        clean = images[item]
        logits = logits_of(clean + sigma * gaussian(clean, seeds[item], copy))
        answers = torch.where(logits.isfinite().all(dim=1), logits.argmax(dim=1), classes)
        counts.view(-1).index_add_(0, item * (classes + 1) + answers, torch.ones_like(answers))
    return counts[:, :classes].cpu().numpy()


def certify(
    guesses: np.ndarray, counts: np.ndarray, draws: int, sigma: float, alpha: float = ALPHA
) -> Certified:
    """Return answers and radii from two independent samples of noisy copies.

    Parameters
    ----------
    guesses : int64 array (n, classes)
        Counts by which the class is guessed.
    counts : int64 array (n, classes)
        Counts by which its probability is bounded.
    draws : int
        Copies behind `counts` of each item; those that had no finite answer are in none.
    sigma : float
    alpha : float
        How often an answer, and how often a radius, may be wrong.
    """
    guess = guesses.argmax(axis=1)
    votes = np.take_along_axis(counts, guess[:, None], axis=1)[:, 0]
    probability = lower_bound(votes, draws, alpha)
    certified = np.where(probability > 0.5, guess, ABSTAINED)
    return Certified(predict(counts, alpha), certified, radius_of(probability, sigma), votes)


def predict(counts: np.ndarray, alpha: float) -> np.ndarray:
    """Return the most frequent class, or ``ABSTAINED``: int64 array (n,).

    The two-sided binomial test of the two most frequent classes at level `alpha` (proposition 1).

    Parameters
    ----------
    counts : int64 array (n, classes)
    alpha : float
    """
    if counts.shape[1] < 2:
        return counts.argmax(axis=1)
    order = np.argsort(-counts, axis=1, kind="stable")
    first, second = (np.take_along_axis(counts, order[:, [i]], 1)[:, 0] for i in (0, 1))
    tails = np.minimum(2 * binom.sf(first - 1, first + second, 0.5), 1)
    return np.where((tails <= alpha) & (first > 0), order[:, 0], ABSTAINED)


def lower_bound(successes: np.ndarray, n: int, alpha: float) -> np.ndarray:
    """Return the one-sided Clopper-Pearson bound: the probability is below it with at most alpha.

    Parameters
    ----------
    successes : int array (m,)
    n : int
    alpha : float
    """
    bound = betaincinv(np.maximum(successes, 1), n - successes + 1, alpha)
    return np.where(successes > 0, bound, 0.0)


def radius_of(probability: np.ndarray, sigma: float) -> np.ndarray:
    """Return ``sigma * Phi^-1(p)``, the radius of Certify (section 3.2.2); 0 where p is at most 1/2.

    Parameters
    ----------
    probability : float array (m,)
        Lower bounds of the probability of the class.
    sigma : float
    """
    return sigma * np.where(probability > 0.5, ndtri(np.maximum(probability, 0.5)), 0.0)


def largest_radius(draws: int, sigma: float, alpha: float) -> float:
    """Return the radius that so many copies certify when all of them agree."""
    return float(radius_of(lower_bound(np.array([draws]), draws, alpha), sigma)[0])
