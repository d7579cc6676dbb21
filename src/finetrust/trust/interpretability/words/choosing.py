"""The step ``choice`` for texts: every candidate explains validation items, and is put to the test."""

from dataclasses import replace

import numpy as np
import torch

from finetrust.core.predictions import Predictions
from finetrust.models.network import Network
from finetrust.models.tree import to_device
from finetrust.tasks.predicted import predicted
from finetrust.trust.interpretability.agreement import order_kept
from finetrust.trust.interpretability.faithfulness.choosing import CHECKED, FRACTIONS
from finetrust.trust.interpretability.randomisation import drawn_anew
from finetrust.trust.interpretability.words.alike import compared
from finetrust.trust.interpretability.words.answers import answers_of
from finetrust.trust.interpretability.words.explaining import (
    Passes,
    parts,
    passes_of,
    preprocessing_of,
    probability_of,
    texts_at,
    token_counts,
    ways_of,
)
from finetrust.trust.interpretability.words.hidden_words import hiding
from finetrust.trust.interpretability.words.removal import n_variants, word_curves
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.bench import Bench


def choice_passes(bench: Bench, methods: tuple[str, ...], rows: np.ndarray) -> Passes:
    """Return what the choice costs."""
    dataset = bench.validation_items
    if dataset is None or not len(rows):
        return 0, 0
    lengths = token_counts(bench, dataset, rows)
    forward, backward = passes_of(methods, np.concatenate([lengths, lengths[:CHECKED]]))
    removals = [n_variants(int(words), len(methods), FRACTIONS, False) for words in lengths]
    return forward + sum(removals) + len(rows), backward


def choice_table(bench: Bench, methods: tuple[str, ...], rows: np.ndarray) -> Predictions:
    """Return the areas of insertion and deletion of every candidate, and how its weights change.

    What is explained is the answer of the network; an item without one, and a text that is too long or
    has no word, has NaN.
    """
    columns = {
        f"{method}.{figure}": np.full(len(rows), np.nan)
        for method in methods
        for figure in ("insertion", "deletion", "weights")
    }
    dataset = bench.validation_items
    if dataset is None or not len(rows):
        return Predictions(np.array([], dtype=str), columns)
    on = replace(bench, dataset=dataset.take(rows))
    table = predicted(bench.task, bench.inference, on.dataset, bench.workers, "choice")
    answered, answers = answers_of(bench).targets(table, bench.classes)
    texts = texts_at(bench, on.dataset, answered, answers, on.seeds(answered))
    hide = hiding(preprocessing_of(bench), ways_of(bench)[0])
    plain: dict[str, dict[int, np.ndarray]] = {method: {} for method in methods}
    for some in parts(texts, "choice of the explanation"):
        maps = [some.explained(method, bench.network) for method in methods]
        answer = probability_of(bench, some.targets)
        curves = word_curves(
            answer, hide, some.texts, maps, some.seeds, FRACTIONS, rationales=False
        )
        for method, of_texts, of_method in zip(methods, maps, curves, strict=True):
            plain[method].update(zip(some.places.tolist(), of_texts, strict=True))
            for place, curve in zip(answered[some.places], of_method, strict=True):
                found = {} if curve is None else curve.figures()
                for figure in ("insertion", "deletion"):
                    columns[f"{method}.{figure}"][place] = found.get(figure, np.nan)
    checked = texts.take(np.arange(min(len(texts), CHECKED)))
    if len(checked):
        example = batch_of(bench.network, checked.texts[0])
        [(_, changed)] = drawn_anew(bench.network, example, 1, bench.seed)
        for method in methods:
            before = [plain[method][place] for place in checked.places.tolist()]
            kept = compared(order_kept, before, checked.explained(method, changed))
            columns[f"{method}.weights"][answered[checked.places]] = kept
    return Predictions(np.asarray(on.dataset.ids, dtype=str), columns)


def batch_of(network: Network, text: Worded) -> dict[str, torch.Tensor]:
    """Return a text as a batch on the device of a network."""
    preprocessing = network.preprocessing
    encoded = preprocessing.transform()(text.text)
    batch: dict[str, torch.Tensor] = to_device(preprocessing.collate([encoded]), network.device)
    return batch
