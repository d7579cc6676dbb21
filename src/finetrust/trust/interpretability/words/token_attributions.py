"""Decisions on texts as coloured words: what spoke for the answer, and what against it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from finetrust.core.progress import track
from finetrust.trust.accuracy.probabilities import NO_ANSWER, calibrated
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.examples.shown_examples import examples_of
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.shown_training import ShownTraining
from finetrust.trust.interpretability.words.explained_words import explainer_of, missed
from finetrust.trust.interpretability.words.explaining import MOST_TOKENS
from finetrust.trust.interpretability.words.word_attributions import word_attributions


@explanations.register("token_attributions")
def attribute_words(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Return the words of the most confident errors and of random correct cases with their weights.

    The log-odds of the predicted class, by the method that was most faithful on validation data; by
    Integrated Gradients where none was chosen. Items without finite logits, and texts of more than
    1,024 tokens, are not shown.

    Returns
    -------
    tuple of mapping
        As in :mod:`finetrust.trust.interpretability.explanation`, with ``tokens``, similar training texts
        where they are known, and, where the
        method's weights are to add up to the log-odds, ``completeness_error``, the share that they
        miss.
    """
    network, dataset, classes = decisions.network, decisions.dataset, decisions.classes
    probabilities = calibrated(decisions.predictions, decisions.calibration)
    lengths = network.preprocessing.lengths([dataset.inputs[i] for i in range(len(dataset))])
    assert lengths is not None
    shown = np.isfinite(probabilities).all(1) & (np.asarray(lengths) <= MOST_TOKENS)
    confidence = np.where(shown, probabilities.max(1), np.nan)
    predicted = np.where(shown, probabilities.argmax(1), NO_ANSWER)
    wrong = confident_errors(predicted, dataset.targets, confidence, decisions.count)
    right = random_correct(predicted, dataset.targets, decisions.count, decisions.seed)
    kinds = ["confident error"] * len(wrong) + ["random correct"] * len(right)
    rows = np.concatenate([wrong, right]).tolist()
    explainer, entries = explainer_of(decisions), []
    training = ShownTraining(decisions, decisions.folder)
    tables = {} if decisions.bench is None else decisions.bench.found.get("examples", {})
    for row, kind in track(list(zip(rows, kinds, strict=True)), "attributions", len(rows)):
        answer, target = int(predicted[row]), int(dataset.targets[row])
        found = word_attributions(network, dataset.inputs[row], answer, explainer.method)
        near = examples_of(tables, dataset.ids[row])
        entries.append(
            {
                "id": dataset.ids[row],
                "kind": kind,
                "caption": _caption(classes, target, answer, confidence[row]) + missed(found.error),
                "target": classes[target],
                "predicted": classes[answer],
                "confidence": float(confidence[row]),
                **explainer.facts(found),
                **({} if near is None else training.beside(near, answer)),
            }
        )
    return tuple(entries)


def _caption(classes: Sequence[str], target: int, predicted: int, confidence: float) -> str:
    if target == predicted:
        return f"{classes[target]}, right, with {confidence:.1%} confidence"
    return f"{classes[target]} taken for {classes[predicted]} with {confidence:.1%} confidence"
