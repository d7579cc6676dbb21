"""Accuracy under corruption, predicted without labels, held against what it truly is.

ATC: Garg et al., "Leveraging Unlabeled Data to Predict Out-of-Distribution Performance", ICLR 2022,
section 4. DoC: Guillory et al., "Predicting with Confidence on Unseen Distributions", ICCV 2021.
Average confidence: Hendrycks & Gimpel, ICLR 2017.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.reliability import LEVEL, p_value
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    basic_interval,
    percentile_interval,
    resampled_counts,
    wilson,
)
from finetrust.trust.accuracy.sample_size import at_least_two
from finetrust.trust.stability.shifted_answers import ShiftedAnswers, shift_of

Predict = Callable[[ShiftedAnswers, ShiftedAnswers, np.ndarray, np.ndarray], np.ndarray]
"""From validation answers, answers under a corruption, and counts of resamples of both (resamples,
items), the predicted accuracy in each resample."""


@measure(
    "predicted_accuracy_error",
    axis="stability",
    topic="damage",
    title="Error of accuracy that is predicted without labels",
    better="lower",
    method="Mean distance, over all corruptions and severities, between the accuracy that is predicted "
    "from the model's probabilities alone and the true one (n counts the items). The prediction (ATC) "
    "is the share of items whose entropy is below a threshold, which is chosen on validation data so "
    "that the share there is the accuracy. Others for comparison: validation accuracy minus the fall "
    "of mean confidence (DoC), and mean confidence. An item without finite scores is predicted to be "
    "wrong. Bootstrap interval over items and validation items that allows for the upward bias of "
    "this figure; its lower end is 0 unless the predictions miss by more than chance at 2.5 %.",
    reference="Garg et al. 2022, arXiv:2201.04234, eq. 4-5; Guillory et al. 2021, arXiv:2107.03315",
    unit="%",
    needs=("target", "logits"),
    meaning="How well a fall of accuracy on new inputs would be noticed without anybody labelling them.",
    secondary=True,
)
def predicted_accuracy_error(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the error of ATC, then those of the other methods.

    The details of the first hold the predicted and the true ``accuracy`` under every corruption.
    """
    validation = evidence.validation
    if validation is None or not len(validation) or "logits" not in validation:
        raise NotApplicable("there are no predictions on validation data to choose a threshold on")
    shift = shift_of(evidence)
    at_least_two(shift.ids)
    known = ShiftedAnswers.of(validation, evidence.calibration)
    if not len(known.rows):
        raise NotApplicable("the model returned NaN or infinity for every validation item")
    predicted = {
        name: np.array([_once(predict, known, table) for table in shift.corrupted])
        for name, predict in METHODS.items()
    }
    true = np.array([table.hits.mean() for table in shift.corrupted])
    table = [
        {
            "perturbation": of.name,
            "accuracy": float(true[i]),
            **{name: float(values[i]) for name, values in predicted.items()},
        }
        for i, of in enumerate(shift.corrupted)
    ]
    resampled = _resampled_misses(known, shift.corrupted, evidence.seed)
    for name, values in predicted.items():
        bounds = _interval(values, true, resampled[name], shift.corrupted)
        whole = name == "atc"
        subset = "" if whole else f"method={name}"
        details = {"method": "atc", "table": table} if whole else {}
        value = float(np.abs(values - true).mean())
        yield Estimate(value, *bounds, len(shift.ids), subset, details)


def thresholded(
    known: ShiftedAnswers, table: ShiftedAnswers, known_counts: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """ATC with negative entropy (Garg et al. 2022, eq. 4-5).

    The threshold is chosen anew on every resample of the validation items.
    """
    order = np.argsort(-known.of_all(known.entropy, np.inf), kind="stable")
    scores = -known.of_all(known.entropy, np.inf)[order]
    drawn = known_counts[:, order]
    n_wrong = (drawn * (1 - known.hits[order])).sum(axis=1)
    # The first score with more than so many validation items up to it: as many lie below.
    first = (np.cumsum(drawn, axis=1) <= n_wrong[:, None]).sum(axis=1)
    thresholds = np.append(scores, np.inf)[first]
    above = -table.of_all(table.entropy, np.inf)[None] >= thresholds[:, None]
    above &= np.isfinite(table.of_all(table.entropy, np.inf))
    return (counts * above).sum(axis=1) / counts.sum(axis=1)


def difference_of_confidence(
    known: ShiftedAnswers, table: ShiftedAnswers, known_counts: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """DoC: validation accuracy minus the fall of mean confidence (Guillory et al. 2021, section 3)."""
    accuracy = (known_counts @ known.hits) / known_counts.sum(axis=1)
    before = average_confidence(known, known, known_counts, known_counts)
    after = average_confidence(known, table, known_counts, counts)
    return np.clip(accuracy - (before - after), 0, 1)


def average_confidence(
    known: ShiftedAnswers, table: ShiftedAnswers, known_counts: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Mean probability of the predicted class (Hendrycks & Gimpel 2017)."""
    return (counts @ table.of_all(table.confidence, 0.0)) / counts.sum(axis=1)


METHODS: Mapping[str, Predict] = {
    "atc": thresholded,
    "doc": difference_of_confidence,
    "average_confidence": average_confidence,
}


def _once(predict: Predict, known: ShiftedAnswers, table: ShiftedAnswers) -> float:
    return float(predict(known, table, np.ones((1, known.n)), np.ones((1, table.n)))[0])


def _resampled_misses(
    known: ShiftedAnswers, tables: tuple[ShiftedAnswers, ...], seed: int
) -> dict[str, np.ndarray]:
    """Return predicted minus true accuracy on resamples of items and of validation items, by method.

    Float64 arrays (RESAMPLES, tables); the two are drawn independently.
    """
    draws = np.concatenate(list(resampled_counts(known.n, RESAMPLES, seed + 1)))
    found = {name: np.empty((RESAMPLES, len(tables))) for name in METHODS}
    start = 0
    for counts in resampled_counts(tables[0].n, RESAMPLES, seed):
        some = slice(start, start + len(counts))
        start += len(counts)
        for number, table in enumerate(tables):
            true = (counts @ table.hits) / counts.sum(axis=1)
            for name, predict in METHODS.items():
                found[name][some, number] = predict(known, table, draws[some], counts) - true
    return found


def _interval(
    predicted: np.ndarray,
    true: np.ndarray,
    resampled: np.ndarray,
    tables: tuple[ShiftedAnswers, ...],
) -> tuple[float, float]:
    misses = predicted - true
    errors = np.abs(misses)
    value = float(errors.mean())
    low, high = basic_interval(value, np.abs(resampled).mean(axis=1))
    # The mean distance is no less than that of the mean: where all predictions miss alike, chance may
    # have brought them close, and resampled distances then say little of how far they may be.
    high = max(high, *map(abs, percentile_interval(resampled.mean(axis=1))))
    n = tables[0].n
    hits = np.array([table.hits.sum() for table in tables])
    least, most = wilson(hits, n)
    # Answers that are all right, or all wrong, show no uncertainty in any resample.
    alike = (hits == 0) | (hits == n)
    farthest = np.maximum(np.abs(predicted - least), np.abs(predicted - most))
    high = max(high, value, float(np.where(alike, farthest, errors).mean()))
    nearest = np.maximum(0, np.maximum(predicted - most, least - predicted))
    low = min(low, value, float(np.where(alike, nearest, errors).mean()))
    # What the distance would be by chance, were every prediction right.
    by_chance = np.abs(resampled - misses).mean(axis=1)
    significant = p_value(value, by_chance) <= LEVEL
    return max(low, 0.0) if significant else 0.0, min(high, 1.0)
