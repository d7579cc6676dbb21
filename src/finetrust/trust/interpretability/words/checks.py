"""What is found about the explanations of one method for some texts: columns of the step ``sanity``."""

from collections.abc import Mapping, Sequence

import numpy as np

from finetrust.models.network import Network
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.interpretability.agreement import order_kept
from finetrust.trust.interpretability.complexity import entropy, gini
from finetrust.trust.interpretability.randomisation import drawn_anew
from finetrust.trust.interpretability.sanity.columns import Columns
from finetrust.trust.interpretability.words.alike import compared, described
from finetrust.trust.interpretability.words.choosing import batch_of
from finetrust.trust.interpretability.words.explaining import Texts
from finetrust.trust.interpretability.words.harmless import same_words
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.neighbours import SAMPLES, distances, neighbours
from finetrust.trust.interpretability.words.word_attributions import relative_error
from finetrust.trust.interpretability.words.worded import Worded

STAGES = 4


def explanations_judged(with_labels: bool) -> int:
    """Return how many explanations of a text :func:`of_network` makes, one more for completeness."""
    return 2 + STAGES + with_labels


def explanations_moved(changes: int) -> int:
    """Return how many explanations of a text :func:`of_changes` makes."""
    return 1 + changes + SAMPLES


def of_network(
    method: str, network: Network, permuted: Network | None, texts: Texts, seed: int
) -> Columns:
    """Return how explanations depend on what the network learned, whether they add up, and their form.

    Parameters
    ----------
    method : str
        Its registered name.
    network : Network
    permuted : Network, optional
        The network with a last layer that was fitted to permuted labels.
    texts : Texts (n)
        At least one.
    seed : int
        Of the new weights.

    Returns
    -------
    dict of str to float64 array (n,)
        ``weights-K`` and ``absolute-K`` for each stage K from 1 on, ``entropy`` and ``gini``; ``labels``
        and ``completeness`` where there are any.
    """
    plain = texts.explained(method, network)
    columns = {"entropy": described(entropy, plain), "gini": described(gini, plain)}
    stages = drawn_anew(network, batch_of(network, texts.texts[0]), STAGES, seed)
    for stage, (_, changed) in enumerate(stages, 1):
        maps = texts.explained(method, changed)
        columns[f"weights-{stage}"] = compared(order_kept, plain, maps)
        sizes = ([np.abs(of_words) for of_words in some] for some in (plain, maps))
        columns[f"absolute-{stage}"] = compared(order_kept, *sizes)
    if permuted is not None:
        columns["labels"] = compared(order_kept, plain, texts.explained(method, permuted))
    explained = ExplainedTexts(network, texts.score, texts.seeds)
    promised = word_methods.get(method).promised(explained, texts.texts, texts.targets)
    if promised is not None:
        errors = [relative_error(*pair) for pair in zip(plain, promised.tolist(), strict=True)]
        columns["completeness"] = np.array(errors)
    return columns


def of_changes(
    method: str,
    network: Network,
    preprocessing: TextPreprocessing,
    changed: Mapping[str, Sequence[Worded | None]],
    texts: Texts,
) -> Columns:
    """Return how far explanations stay as nothing that matters changes.

    Parameters
    ----------
    method : str
        Its registered name.
    network : Network
    preprocessing : TextPreprocessing
    changed : mapping of str to sequence of Worded or None (n)
        By harmless change the changed texts; None where it alters nothing or the answer with it.
    texts : Texts (n)

    Returns
    -------
    dict of str to float64 array (n,)
        ``harmless-CHANGE``, over the words that both texts have; ``sensitivity_max`` and
        ``sensitivity_mean``.
    """
    plain = texts.explained(method, network)
    columns = {}
    for name, others in changed.items():
        columns[f"harmless-{name}"] = np.full(len(texts), np.nan)
        rows = np.array([i for i, other in enumerate(others) if other is not None], np.int64)
        maps = _of_others(method, network, texts, rows, [o for o in others if o is not None])
        for row, of_other in zip(rows, maps, strict=True):
            other = others[row]
            assert other is not None
            one, two = same_words(texts.texts[row], other)
            kept = compared(order_kept, [plain[row][one]], [of_other[two]])
            columns[f"harmless-{name}"][row] = kept[0]
    near = [
        neighbours(preprocessing, text, seed)
        for text, seed in zip(texts.texts, texts.seeds.tolist(), strict=True)
    ]
    rows = np.repeat(np.arange(len(texts)), [len(of_text) for of_text in near])
    maps = _of_others(method, network, texts, rows, [other for of in near for other in of])
    largest, mean, first = np.full(len(texts), np.nan), np.full(len(texts), np.nan), 0
    for row, of_text in enumerate(near):
        own = maps[first : first + len(of_text)]
        first += len(of_text)
        if of_text:
            moved = distances(texts.texts[row], plain[row], of_text, own)
            largest[row], mean[row] = moved.max(), moved.mean()
    return {**columns, "sensitivity_max": largest, "sensitivity_mean": mean}


def _of_others(
    method: str, network: Network, texts: Texts, rows: np.ndarray, others: Sequence[Worded]
) -> list[np.ndarray]:
    """Return the explanations of other texts, for the targets and with the seeds of those at `rows`."""
    return texts.of_others(rows, others, rows).explained(method, network)
