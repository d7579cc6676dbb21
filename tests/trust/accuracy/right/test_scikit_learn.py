"""Scores of decisions on large, lopsided and degenerate tables, held against scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.measure_all import measure_all

from ...worlds import evidence_of, logits_for

Reference = Callable[[np.ndarray, np.ndarray], float]


def averaged(name: str) -> Reference:
    return lambda targets, predicted: metrics.f1_score(
        targets, predicted, average=name, zero_division=0
    )


REFERENCES: dict[str, Reference] = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "macro_f1": averaged("macro"),
    "micro_f1": averaged("micro"),
    "weighted_f1": averaged("weighted"),
    "cohen_kappa": metrics.cohen_kappa_score,
    "mcc": metrics.matthews_corrcoef,
}
OF_CLASSES = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
}
K = 12
NAMES = tuple(f"class {c}" for c in range(K))


def lopsided(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and decisions of classes of very different sizes, the last of them empty."""
    rng = np.random.default_rng(seed)
    shares = 0.6 ** np.arange(K - 1)
    targets, guesses = rng.choice(K - 1, size=(2, n), p=shares / shares.sum())
    return targets, np.where(rng.random(n) < 0.7, targets, guesses)


def decisions(targets: np.ndarray, predicted: np.ndarray) -> Evidence:
    """Return a table of decisions alone, without logits."""
    columns = {"target": targets, "predicted_class": predicted}
    return Evidence(Predictions(np.arange(len(targets)).astype(str), columns), classes=NAMES)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("n", [40, 5000])
@pytest.mark.parametrize("seed", range(3))
def test_classes_of_very_different_sizes(name: str, n: int, seed: int) -> None:
    targets, predicted = lopsided(n, seed)
    expected = REFERENCES[name](targets, predicted)
    for evidence in (decisions(targets, predicted), evidence_of(logits_for(predicted, K), targets)):
        (found,) = measures.get(name).estimate(evidence)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.ci_low < found.value < found.ci_high


@pytest.mark.parametrize("name", OF_CLASSES)
def test_single_classes_of_very_different_sizes(name: str) -> None:
    targets, predicted = lopsided(400, 0)
    expected = OF_CLASSES[name](
        targets, predicted, labels=range(K), average=None, zero_division=np.nan
    )
    found = {e.subset: e.value for e in measures.get(name).estimate(decisions(targets, predicted))}
    there = np.flatnonzero(np.isfinite(expected))
    assert K - 1 not in there
    assert list(found) == [f"class={NAMES[c]}" for c in there]
    assert list(found.values()) == pytest.approx(expected[there].tolist(), abs=1e-12)


DEGENERATE = {
    "one item, right": ([3], [3]),
    "one item, wrong": ([3], [5]),
    "one class, all right": ([3] * 9, [3] * 9),
    "one class, all wrong": ([3] * 9, [5] * 9),
    "one class, some right": ([3] * 9, [3] * 6 + [5] * 3),
    "all right": (list(range(K)), list(range(K))),
    "all wrong": (list(range(K)), [*range(1, K), 0]),
    "one answer to all": (list(range(K)), [4] * K),
    "as by chance": ([0, 0, 1, 1], [0, 1, 0, 1]),
}
UNDEFINED = {
    "cohen_kappa": {"one item, right", "one class, all right"},
    # scikit-learn calls it 0 where one of the two does not vary.
    "mcc": {
        "one item, right", "one item, wrong", "one class, all right", "one class, all wrong",
        "one class, some right", "one answer to all",
    },
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_tables(name: str, case: str) -> None:
    targets, predicted = (np.array(column) for column in DEGENERATE[case])
    evidence = decisions(targets, predicted)
    if case in UNDEFINED.get(name, ()):
        with pytest.raises(NotApplicable, match="one class"):
            list(measures.get(name).estimate(evidence))
        return
    (found,) = measures.get(name).estimate(evidence)
    assert found.value == pytest.approx(REFERENCES[name](targets, predicted), abs=1e-12)
    assert found.ci_low <= found.value <= found.ci_high
    assert found.ci_high - found.ci_low > 0.04


def test_of_tied_scores_the_class_listed_first_is_the_answer() -> None:
    logits = np.zeros((6, 3))
    logits[3:, 1:] = 1.0
    targets = np.array([0, 1, 2, 0, 1, 2])
    predicted = np.array([0, 0, 0, 1, 1, 1])
    for name, reference in REFERENCES.items():
        (found,) = measures.get(name).estimate(evidence_of(logits, targets))
        assert found.value == pytest.approx(reference(targets, predicted), abs=1e-12), name


def test_what_needs_scores_says_so_of_a_table_of_decisions() -> None:
    found = {m.key: m for m in measure_all(decisions(*lopsided(200, 0)))}
    for name in ("top_5_accuracy", "auroc", "average_precision", "nll", "brier", "ece", "aurc"):
        assert found[name].value is None
        assert found[name].reason == "the predictions have no column 'logits'"
    right = round(found["accuracy"].value * 200)
    interval = found["accuracy"].ci_low, found["accuracy"].ci_high
    assert interval == pytest.approx(tuple(map(float, wilson(right, 200))))
    assert all(found[name].applies for name in REFERENCES)
