"""Explaining the answers of a bench's network about texts: which texts, by which methods, at what cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.models.features import InOrder
from finetrust.models.network import Network
from finetrust.models.text_encoder import TextEncoder
from finetrust.models.text_preprocessing import Encoded, TextPreprocessing
from finetrust.trust.interpretability.words.answers import answers_of
from finetrust.trust.interpretability.words.candidates import candidate_names, candidates
from finetrust.trust.interpretability.words.hidden_words import Hiding
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps, word_methods
from finetrust.trust.interpretability.words.scores import Score, log_odds_of_class, outputs_of
from finetrust.trust.interpretability.words.worded import Worded, worded
from finetrust.trust.trials.bench import Bench

MOST_TOKENS = 1024
"""Of the texts that are explained."""

_AT_ONCE = 64
_EXAMPLE = "the quick brown fox"

Passes = tuple[int, int]
"""How many texts go through the network, and how many of them forward and back."""


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts that are explained, and the answers that are.

    Parameters
    ----------
    places : int64 array (n,)
        Where they stand among the items that were asked for.
    texts : tuple of Worded (n)
    targets : int64 tensor (n, ...)
        What the score takes; on the CPU.
    seeds : int64 tensor (n,)
        On the CPU.
    score : callable
        What of the outputs is explained.
    """

    places: np.ndarray
    texts: tuple[Worded, ...]
    targets: Tensor
    seeds: Tensor
    score: Score

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: np.ndarray) -> "Texts":
        """Return some of them."""
        return self.of_others(rows, [self.texts[row] for row in rows], self.places[rows])

    def of_others(self, rows: np.ndarray, others: Sequence[Worded], places: np.ndarray) -> "Texts":
        """Return other texts with the targets and seeds of those at `rows`."""
        at = torch.from_numpy(rows)
        return replace(
            self,
            places=places,
            texts=tuple(others),
            targets=self.targets[at],
            seeds=self.seeds[at],
        )

    def explained(self, method: str, network: Network) -> Maps:
        """Return how much each word speaks for the target."""
        explain, maps = word_methods.get(method), []
        for start in range(0, len(self), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            given = ExplainedTexts(network, self.score, self.seeds[part])
            maps += explain(given, self.texts[part], self.targets[part])
        return maps


def explainable(bench: Bench) -> tuple[str, ...]:
    """Return the methods that apply to the network of a bench, the most sensible first.

    Raises
    ------
    NotApplicable
        If its inputs are no texts, its outputs neither classes nor tags, or no method applies.
    """
    answers, network = answers_of(bench), bench.network
    if not isinstance(network.backbone, TextEncoder):
        raise NotApplicable("the model is no encoder of texts that is known")
    example = worded(preprocessing_of(bench), _EXAMPLE)
    names = candidate_names(bench.options.attributions, bench.effort.name)
    return tuple(candidates(ExplainedTexts(network, answers.score), example, names))


def explained_rows(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a sample of texts about which the model has an answer, and the answers.

    Raises
    ------
    NotApplicable
        If there is none.
    """
    rows = bench.sample(costly=True)
    answered, targets = answers_of(bench).targets(bench.clean.take(rows), bench.classes)
    if not len(answered):
        raise NotApplicable("the model has an answer about no item")
    return rows[answered], targets


def texts_at(
    bench: Bench, dataset: Dataset, rows: np.ndarray, targets: np.ndarray, seeds: Tensor
) -> Texts:
    """Return the texts at some rows; those of more than 1,024 tokens, or without a word, are left out."""
    preprocessing = preprocessing_of(bench)
    lengths = token_counts(bench, dataset, rows)
    short = np.flatnonzero(lengths <= MOST_TOKENS)
    texts = [worded(preprocessing, dataset.inputs[int(rows[place])]) for place in short]
    kept = np.array([i for i, text in enumerate(texts) if len(text)], np.int64)
    places = short[kept]
    at = torch.from_numpy(places)
    return Texts(
        places,
        tuple(texts[i] for i in kept),
        torch.from_numpy(targets)[at],
        seeds.cpu()[at],
        answers_of(bench).score,
    )


def token_counts(bench: Bench, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the tokens of the texts at some rows: int64 (n,); there are no more words than those."""
    return np.array(preprocessing_of(bench).lengths(InOrder(dataset.take(rows))), np.int64)


def preprocessing_of(bench: Bench) -> TextPreprocessing:
    """Return how the network of a bench reads texts."""
    found = bench.network.preprocessing
    assert isinstance(found, TextPreprocessing)
    return found


def parts(texts: Texts, label: str) -> Iterator[Texts]:
    """Yield some texts at a time, those of like length together, behind a progress bar."""
    order = np.argsort([len(text.ids) for text in texts.texts], kind="stable")
    starts = range(0, len(order), _AT_ONCE)
    for start in track(list(starts), label, len(starts)):
        yield texts.take(order[start : start + _AT_ONCE])


def logits_of(
    bench: Bench, encoded: Sequence[Encoded], targets: Tensor
) -> tuple[Tensor, np.ndarray]:
    """Return what the network says about variants of texts.

    Parameters
    ----------
    bench : Bench
    encoded : sequence of Encoded (m)
    targets : int64 tensor (m, ...)

    Returns
    -------
    float64 tensor (m, classes)
        Of the text, or of the word that the target is of; on the CPU.
    int64 array (m,)
        Which class the target is.
    """
    if not len(encoded):
        return torch.empty(0, max(1, len(bench.classes))).double(), np.empty(0, np.int64)
    answers, inference = answers_of(bench), bench.inference
    found, classes, order = [], [], []
    for rows, outputs in outputs_of(inference, preprocessing_of(bench), inference.device, encoded):
        of_rows = targets[torch.from_numpy(rows)]
        logits, of_targets = answers.logits(outputs.double().cpu(), of_rows)
        found.append(logits)
        classes.append(of_targets)
        order.append(rows)
    back = torch.from_numpy(np.argsort(np.concatenate(order)))
    return torch.cat(found)[back], torch.cat(classes)[back].numpy()


AnswerOf = Callable[[Sequence[Encoded], np.ndarray], np.ndarray]
"""From variants of texts and the row of each text, int64 (m,), to a number about each: float64 (m,)."""


def probability_of(bench: Bench, targets: Tensor) -> AnswerOf:
    """Return what says how probable the target is."""

    def probabilities(encoded: Sequence[Encoded], rows: np.ndarray) -> np.ndarray:
        logits, classes = logits_of(bench, encoded, targets[torch.from_numpy(rows)])
        return logits.softmax(dim=1).numpy()[np.arange(len(rows)), classes]

    return probabilities


def log_odds_of(bench: Bench, targets: Tensor) -> AnswerOf:
    """Return what says the log-odds of the target."""

    def scores(encoded: Sequence[Encoded], rows: np.ndarray) -> np.ndarray:
        logits, classes = logits_of(bench, encoded, targets[torch.from_numpy(rows)])
        return log_odds_of_class(logits, torch.from_numpy(classes)).numpy()

    return scores


def ways_of(bench: Bench) -> tuple[Hiding, ...]:
    """Return how words are hidden, the leading way first; at effort quick in that way alone."""
    ways = answers_of(bench).ways
    return ways[:1] if bench.effort.name == "quick" else ways


def passes_of(methods: Sequence[str], lengths: np.ndarray) -> Passes:
    """Return what it costs to explain texts of so many words by all of these methods."""
    each = [word_methods.get(name).passes(int(words)) for name in methods for words in lengths]
    return sum(forward for forward, _ in each), sum(backward for _, backward in each)
