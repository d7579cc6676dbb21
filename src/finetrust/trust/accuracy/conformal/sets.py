"""Prediction sets of the clean items, by every method and at every coverage that is measured.

==================  ===========================================================================
``lac``             least ambiguous sets
``aps``, ``raps``   adaptive sets without randomness, as ``predict`` shows them
``*_randomised``    the same with randomness, as the papers have them
``lac_by_class``    one threshold a class (class-conditional: Sadinle et al. 2019; Vovk 2012), so that
                    the coverage is promised within each class
``lac_by_group.X``  one threshold for each value of the subgroup column X (Romano, Barber, Sabatti &
                    Candès, "With Malice Toward None: Assessing Uncertainty via Equalized
                    Coverage", 2020), where it is known of the validation data
==================  ===========================================================================

A class, or a group, with too few validation items for that coverage takes the threshold of all items.
An item without finite scores has no set, on test data and on validation data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence
from finetrust.core.once import once
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.answers import (
    CELLS_AT_ONCE,
    Answers,
    chunks,
    uncalibrated_answers_of,
)
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.conformal.quantile import highest_coverage, items_for, threshold
from finetrust.trust.accuracy.conformal.set_methods import ADAPTIVE, RankedClasses, lac_scores
from finetrust.trust.accuracy.selective.validation_answers import validation_answers_of

COVERAGES = (0.9, 0.95)
GROUP_PREFIX = "group:"
"""What the names of subgroup columns start with among validation predictions."""


@dataclass(frozen=True, eq=False)
class Sets:
    """The prediction sets of the clean items.

    Parameters
    ----------
    method : str
    asked : float
        The coverage that was asked for.
    n_validation : int
    answered : bool array (n,)
        Which items have finite scores; the others have no set.
    size : int array (n,)
    covered : bool array (n,)
        Whether the set holds the true class.
    facts : mapping
        What else there is to say of the thresholds, as JSON values.
    """

    method: str
    asked: float
    n_validation: int
    answered: np.ndarray
    size: np.ndarray
    covered: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subset(self) -> str:
        """The part of a measure that they are, e.g. ``method=lac,coverage=90%``."""
        return f"method={self.method},coverage={self.asked:.0%}"


def each_sets(evidence: Evidence) -> Iterator[tuple[Sets, str]]:
    """Yield sets with the name of the part: LAC at the first coverage as the whole, then all.

    Raises
    ------
    NotApplicable
        If there are no validation data, or too few for the lowest coverage.
    """
    n = _n_validation(evidence)
    first = COVERAGES[0]
    if highest_coverage(n) < first:
        raise NotApplicable(
            f"{n} validation items can give a coverage of {highest_coverage(n):.1%} at most; "
            f"{first:.0%} takes {items_for(first)}"
        )
    yield lac_sets(evidence)[first], ""
    for sets in all_sets(evidence):
        yield sets, sets.subset


def absent_parts(evidence: Evidence) -> Iterator[Absence]:
    """Yield LAC at each coverage that takes more validation items than there are."""
    n = _n_validation(evidence)
    for coverage in COVERAGES:
        if coverage not in _possible(evidence):
            yield Absence(
                f"{n} validation items can give a coverage of {highest_coverage(n):.1%} at most; "
                f"{coverage:.0%} takes {items_for(coverage)}",
                f"method=lac,coverage={coverage:.0%}",
            )


@once
def all_sets(evidence: Evidence) -> tuple[Sets, ...]:
    """Return the sets of every method at every coverage that the validation data can give."""
    return (
        *lac_sets(evidence).values(),
        *_adaptive_sets(evidence),
        *_class_sets(evidence),
        *_group_sets(evidence),
    )


@once
def lac_sets(evidence: Evidence) -> dict[float, Sets]:
    """Return the least ambiguous sets by their coverage."""
    scores = _lac_validation_scores(evidence)
    found = {}
    for coverage in _possible(evidence):
        limit = threshold(scores, coverage)
        found[coverage] = _lac(evidence, "lac", coverage, limit, {"threshold": limit})
    return found


def _class_sets(evidence: Evidence) -> Iterator[Sets]:
    scores = _lac_validation_scores(evidence)
    targets = _validation(evidence)["target"]
    for coverage in _possible(evidence):
        pooled = threshold(scores, coverage)
        own = np.array(
            [threshold(scores[targets == c], coverage) for c in range(len(class_names(evidence)))]
        )
        few = ~np.isfinite(own)
        names = [name for name, is_few in zip(class_names(evidence), few, strict=True) if is_few]
        facts = {"pooled": names, "takes": items_for(coverage)}
        yield _lac(evidence, "lac_by_class", coverage, np.where(few, pooled, own), facts)


def _group_sets(evidence: Evidence) -> Iterator[Sets]:
    scores, validation = _lac_validation_scores(evidence), _validation(evidence)
    for column, values in evidence.groups.items():
        if GROUP_PREFIX + column not in validation:
            continue
        known = validation[GROUP_PREFIX + column]
        names, of_item = np.unique(values, return_inverse=True)
        for coverage in _possible(evidence):
            pooled = threshold(scores, coverage)
            own = np.array([threshold(scores[known == name], coverage) for name in names])
            few = ~np.isfinite(own)
            limits = np.where(few, pooled, own)[of_item]
            facts = {"pooled": names[few].tolist(), "takes": items_for(coverage)}
            yield _lac(evidence, f"lac_by_group.{column}", coverage, limits[:, None], facts)


def _adaptive_sets(evidence: Evidence) -> Iterator[Sets]:
    """Yield the sets of scores that take sorted probabilities; all in one pass over the items."""
    validation = _validation(evidence)
    rng = np.random.default_rng(evidence.seed)
    u_validation, u = rng.random((len(validation), 1)), rng.random((len(evidence.clean), 1))
    scores = adaptive_scores(validation, validation_answers_of(evidence), u_validation)
    kinds = list(scores)
    keys = [(kind, coverage) for kind in kinds for coverage in _possible(evidence)]
    limits = {(kind, coverage): threshold(scores[kind], coverage) for kind, coverage in keys}
    n, answered = len(evidence.clean), _answered(evidence)
    size = {key: np.zeros(n, np.int32) for key in keys}
    covered = {key: np.zeros(n, bool) for key in keys}
    for rows, ranked, rank in _ranked(evidence.clean, uncalibrated_answers_of(evidence)):
        found = {
            (name, randomised): ADAPTIVE[name](ranked, u[rows] if randomised else 0.0)
            for name, randomised in kinds
        }
        for key in keys:
            held = np.count_nonzero(found[key[0]] <= limits[key], axis=1)
            size[key][rows], covered[key][rows] = held, rank < held
    for key in keys:
        (name, randomised), coverage = key
        method = f"{name}_randomised" if randomised else name
        facts = _finite({"threshold": limits[key]})
        yield Sets(method, coverage, len(validation), answered, size[key], covered[key], facts)


def adaptive_scores(
    predictions: Predictions, answers: Answers, u: np.ndarray | None
) -> dict[tuple[str, bool], np.ndarray]:
    """Return the scores of the true classes by method, and whether it is randomised.

    Parameters
    ----------
    predictions : Predictions
    answers : Answers
        Of these, before calibration.
    u : float array (n, 1) or None
        What is random; None for the methods without randomness only.

    Returns
    -------
    dict of float64 arrays (n,)
        Infinite for an item without an answer.
    """
    randomness = (False,) if u is None else (False, True)
    kinds = [(name, randomised) for randomised in randomness for name in ADAPTIVE]
    scores = {kind: np.full(len(predictions), np.inf) for kind in kinds}
    for rows, ranked, rank in _ranked(predictions, answers):
        for name, randomised in kinds:
            found = ADAPTIVE[name](ranked, u[rows] if randomised and u is not None else 0.0)
            scores[name, randomised][rows] = found[np.arange(len(rows)), rank]
    return scores


def _ranked(
    predictions: Predictions, answers: Answers
) -> Iterator[tuple[np.ndarray, RankedClasses, np.ndarray]]:
    """Yield rows, their ranked classes, and the rank of the target."""
    start = 0
    for rows, _, log_p, _ in chunks(predictions, {}):
        yield rows, RankedClasses.of(log_p), answers.target_rank[start : start + len(rows)]
        start += len(rows)


def _lac(
    evidence: Evidence,
    method: str,
    coverage: float,
    limit: float | np.ndarray,
    facts: Mapping[str, Any],
) -> Sets:
    """Return sets of the classes whose LAC score is within `limit`: one, one a class, or one an item.

    The score is log-sum-exp of the logits minus the logit, so that no softmax is computed.
    """
    clean, answers = evidence.clean, uncalibrated_answers_of(evidence)
    logits = clean["logits"]
    size, covered = np.zeros(len(clean), np.int32), np.zeros(len(clean), bool)
    by_item = np.ndim(limit) == 2
    at_once = max(1, CELLS_AT_ONCE // logits.shape[1])
    for start in range(0, len(answers.rows), at_once):
        part = slice(start, start + at_once)
        rows = answers.rows[part]
        scores = lac_scores(answers.energy[part], logits[rows])
        within = scores <= (limit[rows] if by_item else limit)  # type: ignore[index]
        size[rows] = np.count_nonzero(within, axis=1)
        covered[rows] = within[np.arange(len(rows)), answers.target[part]]
    n = len(_validation(evidence))
    return Sets(method, coverage, n, _answered(evidence), size, covered, _finite(facts))


def _finite(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts without a threshold that is infinite, which JSON has no word for."""
    return {name: fact for name, fact in facts.items() if fact != np.inf}


@once
def _lac_validation_scores(evidence: Evidence) -> np.ndarray:
    return lac_scores_of_targets(_validation(evidence), validation_answers_of(evidence))


def lac_scores_of_targets(predictions: Predictions, answers: Answers) -> np.ndarray:
    """Return the LAC score of the true class of each item: float64 array (n,), inf without answer."""
    scores = np.full(len(predictions), np.inf)
    of_target = predictions["logits"][answers.rows, answers.target]
    scores[answers.rows] = lac_scores(answers.energy, of_target[:, None])[:, 0]
    return scores


def _validation(evidence: Evidence) -> Predictions:
    validation_answers_of(evidence)  # says why there are none
    assert evidence.validation is not None
    return evidence.validation


def _n_validation(evidence: Evidence) -> int:
    return len(_validation(evidence))


def _possible(evidence: Evidence) -> list[float]:
    n = _n_validation(evidence)
    return [coverage for coverage in COVERAGES if coverage <= highest_coverage(n) + 1e-12]


def _answered(evidence: Evidence) -> np.ndarray:
    answered = np.zeros(len(evidence.clean), bool)
    answered[uncalibrated_answers_of(evidence).rows] = True
    return answered
