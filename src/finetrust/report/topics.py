"""The questions within an axis, in the order in which they are asked, and the measures of each."""

from collections.abc import Iterable, Mapping

from finetrust.core.measure import Measure, Topic

QUESTIONS: Mapping[Topic, str] = {
    "right": "Is it right?",
    "groups": "For whom?",
    "calibration": "Does it know when it is not?",
    "selective": "When should it abstain?",
    "conformal": "Sets instead of single answers",
    "test": "Is the test itself trustworthy?",
    "damage": "When inputs are damaged",
    "harmless": "When nothing that matters changes",
    "attack": "When someone wants it to fail",
    "unfamiliar": "When an input belongs to nothing it knows",
    "retrained": "When it is trained again",
    "numerics": "When it is computed otherwise",
    "explained": "What speaks for its answers, and is that faithful?",
    "believed": "Can these explanations be trusted?",
    "located": "Does it look at the object?",
    "shortcut": "Does it go by a shortcut?",
    "concept": "What do concepts mean to it?",
    "": "",
}


LEADING = (
    "robust_accuracy", "ood_auroc_near", "ood_auroc_far", "harmless_any_flip", "churn",
    "faithfulness_gain", "insertion_auc", "deletion_auc", "comprehensiveness", "sufficiency",
    "weight_randomisation", "label_randomisation", "explanation_stability", "explanation_sensitivity",
    "completeness_error", "explanation_agreement", "pointing_game", "shortcut_reliance",
    "significant_concepts",
)  # fmt: skip
"""Measures that stand first within their question, in this order."""


def by_topic(measures: Iterable[Measure]) -> dict[Topic, list[Measure]]:
    """Return the measures of each question, in the order of the questions; those of none come last.

    Within a question the :data:`LEADING` ones come first. A topic that this finetrust does not know is
    none.
    """
    found: dict[Topic, list[Measure]] = {topic: [] for topic in QUESTIONS}
    for measure in sorted(measures, key=_place):
        found[measure.topic if measure.topic in QUESTIONS else ""].append(measure)
    return {topic: members for topic, members in found.items() if members}


def _place(measure: Measure) -> int:
    return LEADING.index(measure.name) if measure.name in LEADING else len(LEADING)


def primary(measures: Iterable[Measure]) -> list[Measure]:
    """Return the measures that every reader is shown."""
    return [measure for measure in measures if not measure.secondary]


def secondary(measures: Iterable[Measure]) -> list[Measure]:
    """Return the measures for those who look closer."""
    return [measure for measure in measures if measure.secondary]
