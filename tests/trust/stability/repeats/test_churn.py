"""Churn: planted flips are found, a stable model has none, and the interval covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.stability.repeats.churn import churn
from finetrust.trust.stability.repeats.prediction_agreement import prediction_agreement
from finetrust.trust.stability.repeats.unstable_items import unstable_items

from .worlds_of_repeats import flipped, repeats_world

N = 200


def test_churn_is_the_share_that_changes_and_kinds_count_the_same() -> None:
    run = np.zeros(10, int)
    one, two = run.copy(), run.copy()
    one[:2], two[:4] = 1, 2
    evidence = repeats_world(run, {"seed-1": one, "seed-2": two, "drop-1": run})
    found = {e.subset: e for e in churn(evidence)}
    assert found["repeat=seed"].value == pytest.approx(0.3)
    assert found["repeat=seed"].details == {"repeats": 2, "churn": [0.2, 0.4]}
    assert found["repeat=drop"].value == 0
    assert found[""].value == pytest.approx(0.15)
    assert found[""].n == 10


def test_a_perfectly_stable_model_has_no_churn_and_knows_how_little_that_proves() -> None:
    run = np.arange(N) % 3
    evidence = repeats_world(run, {f"{kind}-{i}": run for kind in ("seed", "drop") for i in (1, 2)})
    (whole, *_) = churn(evidence)
    assert (whole.value, whole.ci_low) == (0, 0)
    assert whole.ci_high == pytest.approx(float(wilson(0, N)[1]), abs=1e-6)
    assert next(iter(prediction_agreement(evidence))).value == 1
    (items,) = unstable_items(evidence)
    assert (items.value, items.details["items"]) == (0, [])


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 4))
def test_figures_stay_in_their_ranges(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    repeats = {f"{kind}-{i}": rng.integers(0, 3, n) for kind in ("order", "drop") for i in range(k)}
    evidence = repeats_world(rng.integers(0, 3, n), repeats)
    for estimate in (*churn(evidence), *unstable_items(evidence)):
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert estimate.n == n


@given(st.integers(0, 2**32 - 1))
def test_the_names_of_the_classes_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = {f"seed-{i}": rng.integers(0, 3, 20) for i in (1, 2, 3)}
    run, names = rng.integers(0, 3, 20), rng.permutation(3)
    renamed = {name: names[of] for name, of in tables.items()}
    one, other = (
        list(churn(repeats_world(r, t))) for r, t in ((run, tables), (names[run], renamed))
    )
    assert one == other


@pytest.mark.parametrize(("spread", "k"), [(0.0, 3), (0.3, 5)])
def test_the_interval_covers_the_churn_of_other_items_and_other_repeats(
    spread: float, k: int
) -> None:
    covered = []
    for seed in range(150):
        (whole, *_) = churn(repeats_world(np.zeros(N, int), flipped(N, k, 0.1, seed, spread)))
        covered.append(whole.ci_low <= 0.1 <= whole.ci_high)
    assert np.mean(covered) >= 0.9


def test_an_interval_over_items_alone_would_not_cover() -> None:
    covered = []
    for seed in range(60):
        (whole, *_) = churn(repeats_world(np.zeros(1000, int), flipped(1000, 5, 0.1, seed, 0.8)))
        low, high = wilson(whole.value * 5000, 5000)
        covered.append(low <= 0.1 <= high)
    assert np.mean(covered) < 0.5
