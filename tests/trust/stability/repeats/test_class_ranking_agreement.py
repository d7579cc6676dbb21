"""The ranking of the classes: Kendall's tau against SciPy, planted rankings, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.stability.repeats.class_ranking_agreement import (
    class_ranking_agreement,
    kendall_tau,
)

from .worlds_of_repeats import repeats_world

CLASSES = 5


def ranked(n: int, seed: int, names: tuple[str, ...], same: bool) -> Evidence:
    """Return models whose classes are ever harder, the same ones for all models or not."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, CLASSES, n)

    def answers(order: np.ndarray) -> np.ndarray:
        right = rng.random(n) < 0.95 - 0.12 * order[targets]
        return np.where(right, targets, (targets + 1) % CLASSES)

    easiest_first = np.arange(CLASSES)
    found = {
        name: answers(easiest_first if same else rng.permutation(CLASSES))
        for name in ("run", *names)
    }
    return repeats_world(found.pop("run"), found, targets, CLASSES)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=8))
def test_tau_is_that_of_scipy_ties_included(pairs: list[tuple[int, int]]) -> None:
    a, b = rankings = np.array(pairs, float).T
    expected = kendalltau(a, b).statistic
    assert kendall_tau(rankings)[0, 1] == pytest.approx(expected, nan_ok=True)


def test_models_that_fail_on_the_same_classes_rank_them_alike() -> None:
    names = ("seed-1", "seed-2", "bootstrap-1", "bootstrap-2")
    (same,) = class_ranking_agreement(ranked(5000, 0, names, same=True))
    assert same.value > 0.95
    (mixed,) = class_ranking_agreement(ranked(5000, 0, names, same=False))
    assert mixed.ci_low <= 0 <= mixed.ci_high
    assert same.details["classes"] == [str(c) for c in range(CLASSES)]
    assert same.details["lowest"][0] > same.details["highest"][4]


def test_it_is_the_mean_over_the_pairs_of_a_kind() -> None:
    evidence = ranked(300, 1, ("seed-1", "seed-2"), same=False)
    targets = evidence.clean["target"]
    tables = [evidence.clean, *evidence.trials["repeats"].values()]
    rates = [
        [(t["logits"].argmax(axis=1) == targets)[targets == c].mean() for c in range(CLASSES)]
        for t in tables
    ]
    taus = [kendalltau(rates[a], rates[b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))]
    (found,) = class_ranking_agreement(evidence)
    assert found.value == pytest.approx(np.mean(taus))
    assert found.ci_low < found.value < found.ci_high


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (repeats_world([0, 1], {"seed-1": [0, 1]}, [0, 1]), "three classes"),
        (repeats_world([0, 1, 2], {"seed-1": [0, 1, 2]}, [0, 1, 2]), "no ranking"),
        (repeats_world([0, 1, 1], {"drop-1": [0, 1, 2]}, [0, 1, 2]), "no two models"),
    ],
)
def test_without_a_ranking_there_is_a_reason(evidence: Evidence, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        list(class_ranking_agreement(evidence))


def test_the_interval_covers_what_other_items_and_models_give_on_average() -> None:
    names = ("seed-1", "seed-2", "seed-3")
    found = [
        next(iter(class_ranking_agreement(ranked(600, seed, names, same=True))))
        for seed in range(40)
    ]
    mean = np.mean([estimate.value for estimate in found])
    assert np.mean([e.ci_low <= mean <= e.ci_high for e in found]) >= 0.9


def test_a_ranking_that_rests_on_one_item_proves_little() -> None:
    targets = np.arange(300) % 3
    answers = targets.copy()
    answers[0] = 1
    repeats = {"seed-1": answers, "seed-2": answers}
    (found,) = class_ranking_agreement(repeats_world(answers, repeats, targets))
    assert found.value == 1
    assert found.ci_low < 0.2
