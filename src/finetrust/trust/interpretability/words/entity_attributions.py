"""Entities that were found, as coloured words: what spoke for the tag of the first word of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.progress import track
from finetrust.data.texts.entity_confidence import entity_confidence
from finetrust.data.texts.entity_counts import is_right
from finetrust.data.texts.tag_scheme import Entities, entities, scheme_of
from finetrust.models.text_preprocessing import words_of
from finetrust.trust.accuracy.probabilities import temperature_of
from finetrust.trust.accuracy.tokens.tag_probabilities import confidence_of_tags
from finetrust.trust.interpretability.cases import confident_errors, random_correct
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.words.explained_words import explainer_of, missed
from finetrust.trust.interpretability.words.explaining import MOST_TOKENS
from finetrust.trust.interpretability.words.scores import log_odds_of_tag
from finetrust.trust.interpretability.words.word_attributions import word_attributions

NO_ENTITY = "no entity"


@explanations.register("entity_attributions")
def attribute_entities(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Return the texts of the most confident wrong entities and of random right ones, with weights.

    Of the log-odds of the tag of the entity's first word, by the method that was most faithful on
    validation data, by Integrated Gradients where none was chosen. Of a text one entity is shown for each
    kind: the most confident wrong one, the first right one. Texts of more than 1,024 tokens are not shown.

    Returns
    -------
    tuple of mapping
        As in :mod:`finetrust.trust.interpretability.explanation`, with ``tokens`` and,
        where the method's weights are to add up to the log-odds, ``completeness_error``, the share that
        they miss.

    Raises
    ------
    NotApplicable
        If no entity was found.
    """
    network, dataset, predictions = decisions.network, decisions.dataset, decisions.predictions
    scheme = scheme_of(decisions.classes)
    labelled = entities(predictions["true_tags"], scheme)
    found = entities(predictions["pred_tags"], scheme)
    if not len(found):
        raise NotApplicable("the model found no entity")
    temperature = temperature_of(decisions.calibration) or 1.0
    words = [confidence_of_tags(row, temperature) for row in predictions["tag_logits"]]
    confidence, right = entity_confidence(found, words), is_right(found, labelled)
    explainer, entries = explainer_of(decisions), []
    for at, kind in track(_chosen(decisions, found, confidence, right), "attributions"):
        row, start = int(found.row[at]), int(found.start[at])
        text = words_of(dataset.inputs[row])
        tag = int(predictions["pred_tags"][row][start])
        explained = word_attributions(
            network, dataset.inputs[row], (start, tag), explainer.method, log_odds_of_tag
        )
        what = " ".join(text[start : found.stop[at]])
        answer = scheme.types[found.kind[at]]
        target = answer if right[at] else _labelled(at, found, labelled, text, scheme.types)
        entries.append(
            {
                "id": dataset.ids[row],
                "kind": kind,
                "caption": _caption(what, target, answer, confidence[at]) + missed(explained.error),
                "target": target,
                "predicted": answer,
                "confidence": float(confidence[at]),
                **explainer.facts(explained),
            }
        )
    return tuple(entries)


def _chosen(
    decisions: Decisions, found: Entities, confidence: np.ndarray, right: np.ndarray
) -> list[tuple[int, str]]:
    """Return which entities are shown, with the kind of case."""
    network, dataset = decisions.network, decisions.dataset
    lengths = network.preprocessing.lengths([dataset.inputs[i] for i in range(len(dataset))])
    assert lengths is not None
    short = np.asarray(lengths)[found.row] <= MOST_TOKENS
    wrong = _one_a_text(found, short & ~right, confidence)
    correct = _one_a_text(found, short & right, -found.start.astype(float))
    shown = np.where(wrong, confidence, np.nan)
    errors = confident_errors(wrong.astype(int), np.zeros(len(found), int), shown, decisions.count)
    drawn = random_correct(
        correct.astype(int), np.ones(len(found), int), decisions.count, decisions.seed
    )
    return [(int(at), "confident error") for at in errors] + [
        (int(at), "random correct") for at in drawn
    ]


def _one_a_text(found: Entities, wanted: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return for each text the wanted entity with the highest `order`: bool array (entities,)."""
    chosen = np.zeros(len(found), bool)
    taken: set[int] = set()
    for at in np.argsort(-order, kind="stable"):
        if wanted[at] and int(found.row[at]) not in taken:
            taken.add(int(found.row[at]))
            chosen[at] = True
    return chosen


def _labelled(
    at: int, found: Entities, labelled: Entities, text: tuple[str, ...], types: tuple[str, ...]
) -> str:
    """Return what is labelled where an entity was found: its type, with its words if they differ."""
    overlaps = (
        (labelled.row == found.row[at])
        & (labelled.start < found.stop[at])
        & (labelled.stop > found.start[at])
    )
    told = []
    for other in np.flatnonzero(overlaps):
        start, stop = labelled.start[other], labelled.stop[other]
        same = start == found.start[at] and stop == found.stop[at]
        kind = types[labelled.kind[other]]
        told.append(kind if same else f"{kind} '{' '.join(text[start:stop])}'")
    return ", ".join(told) or NO_ENTITY


def _caption(what: str, target: str, answer: str, confidence: float) -> str:
    if target == answer:
        return f"'{what}' is {answer}, right, with {confidence:.1%} confidence"
    return f"'{what}' taken for {answer} with {confidence:.1%} confidence; labelled: {target}"
